import type { Finding } from '#protocol/judgement';
import { createLineDetectors } from '#detection/line-detectors';
import { type Verdict, verdictOf } from '#detection/verdict';
import type { Redactor } from '#redaction/redact';
import { createLineTap, type LineTime } from '#sampling/line-tap';
import { createLineTime } from './line-time.ts';

export const scanFormats = ['auto', 'lines', 'timed-lines', 'text', 'agent', 'events'] as const;
export type ScanFormat = (typeof scanFormats)[number];
