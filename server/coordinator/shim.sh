#!/bin/sh
# One per run; it outlives the daemon, so the job goes on and its exit code is there afterwards, whatever else dies.
#
#   shim.sh RUN_DIR CGROUP_DIR|- TAG null|fifo COMMAND [ARG...]
#
# The first stage stays outside the job's cgroup and session: ending the job must leave somebody to write down how it
# ended. The second stage (--inside) becomes the job. The daemon starts the first in a session of its own, with the
# job's directory and environment; FLOWFORGE_UMASK, where set, is the umask the job gets.

put() { # NAME TEXT: a reader sees the whole file or none
  printf '%s\n' "$2" >"$run_dir/$1.tmp" && mv -f "$run_dir/$1.tmp" "$run_dir/$1"
}

start_ticks() { # STAT-LINE: the 22nd field; the second, the name, may hold spaces and brackets
  # shellcheck disable=SC2086
  set -- ${1##*) }
  shift 19
  ticks=$1
}

tell_exec_failure() { # CODE: 126 and 127 may also be the job's own; then stderr.log does not begin with our name
  read -r complaint <"$run_dir/stderr.log"
  case $1:$complaint in
    126:"$0: "* | 127:"$0: "*) ;;
    *) return ;;
  esac
  reason=${complaint#"$0: "}
  reason=${reason#*: }
  put exec-failed "$1
${reason#exec: }"
  # Nothing of the job ever ran, so nothing of the job is in there.
  : >"$run_dir/stderr.log"
}

become_the_job() { # CGROUP_DIR|- TAG SHIM_PID SHIM_TICKS UMASK COMMAND...
  cgroup=$1 tag=$2 shim_pid=$3 shim_ticks=$4 job_umask=$5
  shift 5
  in_cgroup=false
  if [ "$cgroup" != - ] && { echo 0 >"$cgroup/cgroup.procs"; } 2>/dev/null; then in_cgroup=true; fi
  # Soft and hard limit together are the tag. Both stay under the default of 819200: lowering needs no privilege.
  prlimit --pid "$$" --msgqueue="$((400000 + tag / 219200 % 200000)):$((600000 + tag % 219200))" 2>/dev/null
  read -r stat </proc/self/stat
  start_ticks "$stat"
  read -r boot_id </proc/sys/kernel/random/boot_id
  put pid "{\"pid\":$$,\"startTicks\":$ticks,\"bootId\":\"$boot_id\",\"shimPid\":$shim_pid,\"shimStartTicks\":$shim_ticks,\"inCgroup\":$in_cgroup}" || exit 125
  FLOWFORGE_RUN_ID=${run_dir##*/} FLOWFORGE_RUN_TAG=$tag
  export FLOWFORGE_RUN_ID FLOWFORGE_RUN_TAG
  unset FLOWFORGE_UMASK
  umask "$job_umask"
  exec "$@"
}

if [ "$1" = --inside ]; then
  run_dir=$2
  shift 2
  become_the_job "$@"
fi

run_dir=$1 cgroup=$2 tag=$3 stdin_mode=$4
shift 4
job_umask=${FLOWFORGE_UMASK:-$(umask)}
umask 077
trap '' HUP INT QUIT TERM PIPE
# Whoever makes this file first decides: this shim starts the job, or a later daemon has found that it never was started.
(set -C && : >"$run_dir/claimed") 2>/dev/null || exit 125
read -r stat </proc/self/stat
start_ticks "$stat"
[ "$cgroup" = - ] || mkdir -p "$cgroup" 2>/dev/null

input=/dev/null holder=
if [ "$stdin_mode" = fifo ]; then
  input=$run_dir/stdin
  mkfifo "$input" "$input.close"
  # Holds the pipe open through the death of any writer, until somebody opens stdin.close: end of input on purpose.
  (
    exec 3<>"$input"
    read -r _ <"$input.close"
  ) &
  holder=$!
fi

# In the foreground: a shell makes its background children ignore SIGINT and SIGQUIT for good.
(
  trap - HUP INT QUIT TERM PIPE
  exec setsid /bin/sh "$0" --inside "$run_dir" "$cgroup" "$tag" "$$" "$ticks" "$job_umask" "$@"
) <"$input" >>"$run_dir/stdout.log" 2>>"$run_dir/stderr.log"
code=$?
if [ -n "$holder" ]; then
  kill -9 "$holder" 2>/dev/null
  rm -f "$input" "$input.close"
fi
if [ -e "$run_dir/pid" ]; then
  tell_exec_failure "$code"
else
  put exec-failed "125
the run directory could not be prepared"
fi
# The time of this file is the time of the end. No other program is needed for it: hundreds of jobs may end at once.
printf '{"code":%s}\n' "$code" >"$run_dir/exit" && exit
# A full disk must not cost the exit code: it is offered for an hour, or until the run directory is gone.
now_ms=$(date +%s%3N)
case $now_ms in *[!0-9]*) now_ms=$(date +%s)000 ;; esac
tries=0
until put exit "{\"code\":$code,\"endedAtMs\":$now_ms}" || [ "$tries" -ge 1800 ] || ! [ -d "$run_dir" ]; do
  tries=$((tries + 1))
  sleep 2
done
