"""A real Slurm of one node on the loopback interface, as root: ``python tests/slurm_cluster.py start|stop FOLDER``.

It brings its own munge, spool folders and ports, and knows nothing of a Slurm that may be installed for use. There is
no accounting, as on many clusters.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["PROGRAMS", "SlurmCluster"]

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo", "munged")
_PATIENCE = 60.0  # seconds
_CONFIG = """\
ClusterName=explorer
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobRequeue=1
KillWait=5
OverTimeLimit=0
MinJobAge=300
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout=10
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=normal Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=10
PartitionName=urgent Nodes={host} Default=NO MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
"""


class SlurmCluster:
    """Munge, controller and node daemon of a cluster in a folder.

    Args:
        folder: for configuration, logs, spool and state; only root may have written to its parents.
        cpus: how many processors the node says that it has; more than there are is fine.
    """

    def __init__(self, folder: Path, cpus: int = 4) -> None:
        self.folder = folder
        self.cpus = cpus

    @property
    def environment(self) -> dict[str, str]:
        """What programs need in their environment to talk to this cluster."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Start everything, and wait until the node is idle.

        Raises:
            RuntimeError: it is not within a minute; the message has the end of the logs.
        """
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self._start_munge()
        controller_port, node_port = _free_ports(2)
        text = _CONFIG.format(
            folder=self.folder,
            host=socket.gethostname().split(".")[0],
            cpus=self.cpus,
            controller_port=controller_port,
            node_port=node_port,
        )
        (self.folder / "slurm.conf").write_text(text)
        self._daemon(["slurmctld", "-i"])
        self.start_node()

    def start_node(self) -> None:
        """Start the node daemon and wait until the node can take jobs."""
        self._daemon(["slurmd", "-b"])
        end = time.monotonic() + _PATIENCE
        while self.node_state() not in ("idle", "mix", "alloc"):
            if time.monotonic() > end:
                raise RuntimeError(f"The node is {self.node_state()!r}:\n{self._logs()}")
            time.sleep(0.2)

    def stop_node(self) -> None:
        """Kill the node daemon and everything that it runs, as a power cut would."""
        # Steps are no children of the daemon: each has a process of its own, above those of the job.
        roots = [self._pid("slurmd"), *_processes_titled("slurmstepd: [")]
        for pid in [pid for root in roots for pid in _descendants(root)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def node_state(self) -> str:
        """State of the node as ``sinfo`` says it; empty while nobody answers."""
        done = self.run("sinfo", "--noheader", "--partition=normal", "--format=%t", check=False)
        return done.strip().rstrip("*~#!%$@^-")

    def run(self, *command: str, check: bool = True) -> str:
        """Output of one of Slurm's programs."""
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, env=os.environ | self.environment, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """End all jobs and daemons."""
        self.run("scancel", "--user=root", "--signal=KILL", check=False)
        self.run("scancel", "--user=root", check=False)
        for name in ("slurmd", "slurmctld", "munge/munged"):
            pid = self._pid(name)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if pid:
                    os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while any(_alive(self._pid(name)) for name in ("slurmd", "slurmctld", "munge/munged")):
            if time.monotonic() > end:
                break
            time.sleep(0.1)

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        folder.chmod(0o755)
        key = folder / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        options = {
            "socket": "socket",
            "key-file": "key",
            "pid-file": "munged.pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        flags = [f"--{option}={folder / name}" for option, name in options.items()]
        self._daemon(["munged", "--force", *flags])

    def _daemon(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE,
            env=os.environ | self.environment,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} does not start: {done.stderr}\n{self._logs()}")

    def _pid(self, name: str) -> int:
        try:
            return int((self.folder / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return 0

    def _logs(self) -> str:
        files = [self.folder / "munge/log", self.folder / "slurmctld.log", self.folder / "slurmd.log"]
        return "\n".join(f"== {file.name}\n{file.read_text()[-1500:]}" for file in files if file.exists())


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _alive(pid: int) -> bool:
    return bool(pid) and Path(f"/proc/{pid}").exists()


def _processes_titled(title: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().decode(errors="replace").startswith(title):
                found.append(int(path.parent.name))
    return found


def _descendants(pid: int) -> list[int]:
    """A process and all below it."""
    if not _alive(pid):
        return []
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found += _descendants(int(path.parent.name))
    return found


if __name__ == "__main__":
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop"):
        sys.exit(f"Usage: {sys.argv[0]} start|stop FOLDER")
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)} (apt-get install slurm-wlm munge)")
    cluster = SlurmCluster(Path(sys.argv[2]).absolute())
    if sys.argv[1] == "start":
        cluster.start()
        print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']}")
    else:
        cluster.stop()
