/** Who did it: a person through a door, or FlowForge by itself. */
export type Actor = 'cli' | 'dashboard' | 'api' | 'policy' | 'daemon';
