// Signals of runs that never were, the same each time: scripts and agents, some of which begin to loop.
import { makeRecordable } from '../../dist/workers/detection/recordable.js';

let seed = 20_310_504;
const chance = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** Every twentieth run begins to spin and to repeat itself after half of its time; every fourth is an agent that spends. */
export const simulateRun = (index, { ticks, pollMs }) => {
  const spins = index % 20 === 0;
  const isAgent = index % 4 === 1;
  let rss = 80e6 + chance() * 400e6;
  let lines = 0;
  let bytes = 0;
  let cost = 0;
  let progressAt = 0;
  let cpu = 20 + chance() * 30;
  return (tick) => {
    const ageS = (tick * pollMs) / 1000;
    const isSpinning = spins && tick > ticks / 2;
    if (chance() < 0.3) rss += Math.round((chance() - 0.45) * 64) * 4096;
    const fresh = chance() < 0.4 ? Math.floor(chance() * 4) : 0;
    lines += isSpinning ? 5 : fresh;
    bytes += (isSpinning ? 5 : fresh) * 61;
    cpu = isSpinning ? 99 + chance() : Math.max(0, cpu + (chance() - 0.5) * 8);
    if (!isSpinning && chance() < 0.2) progressAt = ageS;
    if (isAgent && chance() < 0.02) cost += 0.002 + chance() * 0.01;
    return makeRecordable({
      'cpu.pct': cpu,
      'cpu.pct_10s': cpu,
      'cpu.demand_pct': cpu,
      'mem.rss': rss,
      'mem.growth': 0,
      'mem.floor_growth': 0,
      'mem.share_of_used_pct': rss / 4e8,
      'mem.trend_level': 0,
      'procs.count': 3,
      'procs.zombies': 0,
      'procs.spawned_1m': 3,
      'procs.spawn_rate': 0,
      'procs.threads': 12,
      'procs.fds': 24,
      'disk.read_rate': 0,
      'disk.write_rate': chance() < 0.2 ? 4096 * Math.floor(chance() * 20) : 0,
      'disk.written': bytes * 2,
      'disk.written_10m': bytes,
      'host.cpu.pct': 30 + Math.sin(tick / 50) * 10,
      'host.load1': 2 + Math.sin(tick / 100),
      'host.mem.available': 4e9 + Math.round(Math.sin(tick / 60) * 1e4) * 4096,
      'host.mem.available_pct': 48 + Math.sin(tick / 60),
      'host.disk.free': 9e10 - bytes,
      'output.lines': lines,
      'output.bytes': bytes,
      'output.line_rate': isSpinning ? 10 : fresh,
      'output.byte_rate': isSpinning ? 610 : fresh * 61,
      'output.age': fresh > 0 ? 0.05 : 0.55,
      'output.period': isSpinning ? 1 : 0,
      'output.cycles': isSpinning ? tick - ticks / 2 : 0,
      'output.repeat_lines': isSpinning ? (tick - ticks / 2) * 5 : 0,
      'output.repeat_span': isSpinning ? ((tick - ticks / 2) * pollMs) / 1000 : 0,
      'output.repeat_level': isSpinning ? 3 : 0,
      'output.failing_level': 0,
      'output.flood_level': 0,
      'output.lag': 0,
      'progress.age': ageS - progressAt,
      'stall.age': 0,
      'stall.level': 0,
      'run.age': ageS,
      'run.restarts': 0,
      'limit.cpu_pct': 60,
      'limit.log_window': 10,
      ...(isAgent
        ? {
            'agent.state': 'working',
            'tools.calls': Math.floor(ageS / 7),
            'tools.repeats': 0,
            'tools.error_streak': 0,
            'tools.loop_level': 0,
            'tokens.total': Math.floor(cost * 90_000),
            'cost.usd': cost,
            'cost.usd_10m': Math.min(cost, 0.2),
          }
        : { 'agent.state': 'none' }),
    });
  };
};
