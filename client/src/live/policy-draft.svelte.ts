import type { Problem } from '#protocol/gateway-api';
import type { CheckPolicyReply, PolicyProblem, TestPolicyReply } from '#protocol/policy-views';
import { postJson } from './api.ts';

const typingPauseMs = 300;

export type DraftCheck =
  | { readonly kind: 'checking' }
  | { readonly kind: 'unreachable'; readonly problem: Problem }
  | CheckPolicyReply;

export type DraftTest =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'unreachable'; readonly problem: Problem }
  | TestPolicyReply;

/** A policy that is being edited: checked while it is typed, tested when asked. */
export class PolicyDraft {
  text = $state('');
  check = $state.raw<DraftCheck>({ kind: 'checking' });
  test = $state.raw<DraftTest>({ kind: 'none' });
  readonly problems: readonly PolicyProblem[] = $derived(this.check.kind === 'refused' ? this.check.problems : []);

  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #asked = 0;

  constructor(key: string, text: string) {
    this.#key = key;
    this.text = text;
    void this.checkNow();
  }

  write(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.test = { kind: 'none' };
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.checkNow(), typingPauseMs);
  }

  /** Answers may overtake each other: only that of the newest text is taken. */
  async checkNow(): Promise<void> {
    this.#asked += 1;
    const turn = this.#asked;
    const reply = await postJson<CheckPolicyReply>('/v1/policies/check', { text: this.text, key: this.#key });
    if (turn !== this.#asked) return;
    this.check = reply.kind === 'ok' ? reply.value : { kind: 'unreachable', problem: reply.problem };
  }

  async runTests(tests: string): Promise<void> {
    this.test = { kind: 'running' };
    const reply = await postJson<TestPolicyReply>('/v1/policies/test', { text: this.text, key: this.#key, tests });
    this.test = reply.kind === 'ok' ? reply.value : { kind: 'unreachable', problem: reply.problem };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
