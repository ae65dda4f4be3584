import { expect } from 'chai';
import type { Actor } from '#runtime/actor';
import { runActor } from '#runtime/run-actor';

type Said = { readonly kind: 'began' | 'ended'; readonly id: string };
type Heard = { readonly kind: 'begin' | 'done' | 'overdue'; readonly id: string };
type Believed = { readonly kind: 'idle' } | { readonly kind: 'busy'; readonly id: string };

const actorThat = (perform: (fact: Said, tellSelf: (heard: Heard) => void) => void): Actor<Believed, Heard, Said> => ({
  name: 'spec',
  initial: () => ({ kind: 'idle' }),
  concerns: ({ id }) => id,
  evolve: (_state, fact) => (fact.kind === 'began' ? { kind: 'busy', id: fact.id } : { kind: 'idle' }),
  decide: (state, heard): readonly Said[] => {
    if (heard.kind === 'begin') return state.kind === 'idle' ? [{ kind: 'began', id: heard.id }] : [];
    return state.kind === 'busy' ? [{ kind: 'ended', id: heard.id }] : [];
  },
  perform,
  resume: (state) => (state.kind === 'busy' ? [{ kind: 'overdue', id: state.id }] : []),
});

const begunBefore: readonly Said[] = [{ kind: 'began', id: 'x' }];

describe('an actor', () => {
  it('says, waits until it is written, believes, then does', async () => {
    const order: string[] = [];
    const actor = runActor(
      actorThat((fact) => order.push(`did ${fact.kind}`)),
      [],
      {
        send: async (fact) => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`wrote ${fact.kind}`);
        },
      },
    );
    await actor.deliver({ kind: 'begin', id: 'x' });
    expect(order).to.deep.equal(['wrote began', 'did began']);
    expect(actor.snapshot()).to.deep.equal({ kind: 'busy', id: 'x' });
  });

  it('takes up what it owes when it is built again', async () => {
    const written: Said[] = [];
    const ended = new Promise<void>((resolve) => {
      runActor(
        actorThat(() => undefined),
        begunBefore,
        {
          send: async (fact) => {
            written.push(fact);
            resolve();
          },
        },
      );
    });
    await ended;
    expect(written).to.deep.equal([{ kind: 'ended', id: 'x' }]);
  });

  it('does what concerns one thing in turn, and lets another not wait for it', async () => {
    const order: string[] = [];
    const slow = new Map<string, () => void>();
    const actor = runActor(
      { ...actorThat(() => undefined), decide: (_state, heard): readonly Said[] => [{ kind: 'began', id: heard.id }] },
      [],
      {
        send: (fact) =>
          new Promise((resolve) => {
            order.push(`wrote ${fact.id}`);
            slow.set(fact.id, resolve);
          }),
      },
    );
    const first = actor.deliver({ kind: 'begin', id: 'x' });
    const second = actor.deliver({ kind: 'begin', id: 'x' });
    const other = actor.deliver({ kind: 'begin', id: 'y' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).to.deep.equal(['wrote x', 'wrote y']);
    slow.get('y')?.();
    await other;
    slow.get('x')?.();
    await first;
    expect(order).to.deep.equal(['wrote x', 'wrote y', 'wrote x']);
    slow.get('x')?.();
    await second;
  });

  it('answers a repeated request with nothing', async () => {
    const written: Said[] = [];
    const actor = runActor(
      actorThat(() => undefined),
      [],
      {
        send: async (fact) => {
          written.push(fact);
        },
      },
    );
    await actor.deliver({ kind: 'begin', id: 'x' });
    await actor.deliver({ kind: 'begin', id: 'x' });
    expect(written).to.have.length(1);
  });
});
