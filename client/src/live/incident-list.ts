import type { Fact } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import type { IncidentView } from '#protocol/views';

/** The list of incidents after one more fact; newest first. */
export const withFact = (incidents: readonly IncidentView[], fact: Fact): readonly IncidentView[] => {
  if (fact.kind !== 'incident-opened') return incidents.map((incident) => foldIncident(incident, fact) ?? incident);
  if (incidents.some(({ incidentId }) => incidentId === fact.incidentId)) return incidents;
  const opened = foldIncident(null, fact);
  return opened === null ? incidents : [opened, ...incidents];
};
