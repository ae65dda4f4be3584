import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import type { PolicyProblem } from '#protocol/policy-views';
import { editorTheme } from './editor-theme.ts';
import { completePolicy, type PolicyKnowledge } from './policy-completion.ts';
import { explainPolicy } from './policy-hover.ts';

export interface PolicyEditor {
  setText(text: string): void;
  /** `path` names the text that is edited: problems of its parents have no place in it. */
  showProblems(problems: readonly PolicyProblem[], severity: 'error' | 'warning'): void;
  /** Puts the cursor at the beginning of a line, counted from 1, and brings it into view. */
  goTo(line: number): void;
  destroy(): void;
}

interface EditorSetting extends PolicyKnowledge {
  readonly text: string;
  readonly label: string;
  readonly onchange: (text: string) => void;
}

/** A YAML editor whose one style element proves itself by the nonce of the page: nothing inline is let through without. */
export const createPolicyEditor = (parent: HTMLElement, setting: EditorSetting): PolicyEditor => {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: setting.text,
      extensions: [
        EditorView.cspNonce.of(nonceOfPage()),
        EditorView.contentAttributes.of({ 'aria-label': setting.label, 'aria-multiline': 'true' }),
        yaml(),
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        bracketMatching(),
        closeBrackets(),
        indentOnInput(),
        indentUnit.of('  '),
        autocompletion({ override: [completePolicy(setting)] }),
        explainPolicy(setting),
        // Tab stays the browser's: it must lead out of the editor.
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...lintKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        EditorView.updateListener.of((update) => {
          if (update.docChanged) setting.onchange(update.state.doc.toString());
        }),
        editorTheme,
      ],
    }),
  });
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    showProblems: (problems, severity) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          problems.map((problem) => diagnosticOf(view.state, problem, severity)),
        ),
      ),
    goTo: (line) => {
      const { from } = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
};

const nonceOfPage = (): string => document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

/** From the place to the end of the word there, or of one character. */
const diagnosticOf = (state: EditorState, problem: PolicyProblem, severity: Diagnostic['severity']): Diagnostic => {
  const line = state.doc.line(Math.min(problem.line, state.doc.lines));
  const from = Math.min(line.from + problem.column - 1, line.to);
  const word = /^[\w.-]+/.exec(line.text.slice(from - line.from))?.[0].length ?? 1;
  return { from, to: Math.min(from + word, line.to), severity, message: problem.message };
};
