import { isIP } from 'node:net';
import { findSetting, type KeyPlaces, loadApiKey } from './api-keys.ts';
import { ConfigProblem } from './config.ts';

/** Where the gateway listens, to whom it answers, and the key it asks for. */
export interface GatewaySettings {
  readonly host: string;
  readonly allowedOrigins: readonly string[];
  readonly apiKey: string;
}

const remoteKeyBytes = 32;

/** From the environment or `.flowforge.env`. @throws ConfigProblem when it would open to other machines without saying so, or with a weak key. */
export const readGatewaySettings = (places: KeyPlaces): GatewaySettings => {
  const { key, source } = loadApiKey(places);
  const bind = findSetting('FLOWFORGE_BIND_HOST', places);
  const host = bind?.value ?? '127.0.0.1';
  if (bind !== null && !isLoopback(host)) {
    if (findSetting('FLOWFORGE_ALLOW_REMOTE', places)?.value !== '1')
      throw new ConfigProblem(
        `FLOWFORGE_BIND_HOST=${host} (${bind.source}) would open FlowForge to other machines, without encryption. Leave it out, or set FLOWFORGE_ALLOW_REMOTE=1 and put a proxy with TLS before it`,
      );
    if (Buffer.byteLength(key) < remoteKeyBytes)
      throw new ConfigProblem(
        `FLOWFORGE_BIND_HOST=${host} (${bind.source}) needs an API key of at least ${remoteKeyBytes} bytes, the one of ${source} has ${Buffer.byteLength(key)}. Remove it and a good one is made`,
      );
  }
  const origins = findSetting('FLOWFORGE_ALLOWED_ORIGIN', places);
  return { host, apiKey: key, allowedOrigins: origins === null ? [] : parseOrigins(origins.value, origins.source) };
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const parseOrigins = (text: string, source: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((origin) => {
      if (/^https?:\/\/[^/\s*]+$/.test(origin)) return origin.toLowerCase();
      throw new ConfigProblem(
        `FLOWFORGE_ALLOWED_ORIGIN (${source}): expected origins like http://localhost:5173, with commas between them, got ${JSON.stringify(origin)}`,
      );
    });
