import { hoverTooltip } from '@codemirror/view';
import { definitionOf } from '#protocol/signals';
import type { PolicyKnowledge } from './policy-completion.ts';
import { shapesAt } from './schema-walk.ts';
import { nowWords, signalAt, unitOf } from './signal-words.ts';
import { placeAt } from './yaml-place.ts';

/** Under the pointer: a signal with its unit, its meaning and its value now, or what a key is for. */
export const explainPolicy = (knowledge: PolicyKnowledge) =>
  hoverTooltip((view, position) => {
    const line = view.state.doc.lineAt(position);
    const column = position - line.from;
    const signal = signalAt(line.text, column);
    if (signal !== null) {
      const { name, from, to } = signal;
      const parts = [definitionOf(name).meaning, nowWords(name, knowledge.readings())];
      return { pos: line.from + from, end: line.from + to, create: () => ({ dom: card(name, unitOf(name), parts) }) };
    }
    const key = /^(\s*(?:-\s+)*)([\w.-]+):/.exec(line.text);
    const [, lead = '', name = ''] = key ?? [];
    if (name === '' || column < lead.length || column > lead.length + name.length) return null;
    const place = placeAt(view.state.doc.toString().split('\n'), line.number - 1, lead.length);
    const words = shapesAt(knowledge.schema, [...place.path, name]).find((shape) => shape.description)?.description;
    if (words === undefined) return null;
    const from = line.from + lead.length;
    return { pos: from, end: from + name.length, create: () => ({ dom: card(name, '', [words]) }) };
  });

const card = (title: string, unit: string, parts: readonly string[]): HTMLElement => {
  const dom = document.createElement('div');
  dom.className = 'policy-hover';
  const head = document.createElement('strong');
  head.textContent = unit === '' ? title : `${title} · ${unit}`;
  dom.append(head);
  for (const part of parts.filter((text) => text !== '')) {
    const line = document.createElement('div');
    line.textContent = part;
    dom.append(line);
  }
  return dom;
};
