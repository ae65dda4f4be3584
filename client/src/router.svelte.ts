/** Where in the dashboard we are; every page has its own address. */
export type Route =
  | { readonly kind: 'fleet' }
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'incidents' }
  | { readonly kind: 'incident'; readonly incidentId: string }
  | { readonly kind: 'policies' }
  | { readonly kind: 'policy'; readonly name: string }
  | { readonly kind: 'unknown'; readonly path: string };

const routeOf = (path: string): Route => {
  const [first, second, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return { kind: 'fleet' };
  if (rest.length > 0) return { kind: 'unknown', path };
  if (first === 'runs') return second === undefined ? { kind: 'fleet' } : { kind: 'run', runId: second };
  if (first === 'incidents')
    return second === undefined ? { kind: 'incidents' } : { kind: 'incident', incidentId: second };
  if (first === 'policies')
    return second === undefined ? { kind: 'policies' } : { kind: 'policy', name: decodeURIComponent(second) };
  return { kind: 'unknown', path };
};

class Router {
  path = $state(location.pathname);
  query = $state(location.search);
  readonly route: Route = $derived(routeOf(this.path));

  start(): void {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#followLink(event));
  }

  go(href: string): void {
    history.pushState(null, '', href);
    this.#read();
    scrollTo(0, 0);
  }

  param(name: string): string {
    return new URLSearchParams(this.query).get(name) ?? '';
  }

  /** Changes one parameter in place: typing in a filter leaves no trail of history entries. */
  setParam(name: string, value: string): void {
    const params = new URLSearchParams(this.query);
    if (value === '') params.delete(name);
    else params.set(name, value);
    const query = params.toString();
    history.replaceState(null, '', query === '' ? this.path : `${this.path}?${query}`);
    this.#read();
  }

  #read(): void {
    this.path = location.pathname;
    this.query = location.search;
  }

  // A plain click on a link of our own changes the page here; every other click is the browser's.
  #followLink(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a[href^="/"]') : null;
    const href = link?.getAttribute('href');
    if (link?.hasAttribute('target') || href === null || href === undefined) return;
    event.preventDefault();
    this.go(href);
  }
}

export const router = new Router();
