const secretName =
  /(?:^|_)(?:[A-Z0-9]*KEY|[A-Z0-9]*TOKEN|[A-Z0-9]*SECRET|PASS|[A-Z0-9]*PASSWORD|[A-Z0-9]*PASSWD|PASSPHRASE|PWD|CREDENTIALS?|AUTH|DSN|COOKIE|SIGNATURE|WEBHOOK|PAT|JWT)(?:$|_)/i;
// Names that only speak of a secret: where it lies, how long it lives, how many there are.
const aboutSecret =
  /(?:_(?:FILE|PATH|DIR|SOCK|SOCKET|TTL|TIMEOUT|NAME|ID|COUNT|LIMIT|TYPE|URL|HOST|PORT|LEN|LENGTH|ENABLED|VERSION)|^PWD|^OLDPWD|^SSH_AUTH_SOCK|^XAUTHORITY|^DBUS_.*|^MONKEY|^KEYBOARD.*)$/i;

export const isSecretName = (name: string): boolean => secretName.test(name) && !aboutSecret.test(name);

/** The values of an environment that must never be shown: of variables with telling names, and passwords inside URLs. */
export const secretValuesOf = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    return isSecretName(name) ? [value, ...passwordOf(value)] : passwordOf(value);
  });

const passwordOf = (value: string): readonly string[] => {
  const match = /^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,200}:([^\s@]{1,300})@/i.exec(value);
  return match?.[1] === undefined ? [] : [match[1], decoded(match[1])];
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: the password is what it looks like
  }
};
