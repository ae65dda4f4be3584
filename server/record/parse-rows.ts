import type { Fact } from '#protocol/facts';
import type { IncidentView, RunView } from '#protocol/views';

// What is read here was written by this ledger from typed values; the chain, not this file, tells whether it was altered.
export const parseFact = (text: string): Fact => JSON.parse(text) as Fact;
export const parseRunView = (text: string): RunView => JSON.parse(text) as RunView;
export const parseIncidentView = (text: string): IncidentView => JSON.parse(text) as IncidentView;
