"""Stand-ins for hypervisors' and orchestrators' programs: each keeps the state that the real one would, in files.

Only what READMEs and scripts call is there; anything else ends with an error, so that a new call is noticed. They
refuse what the real ones refuse (a name that is taken, a CPU that is not in the pool): undo rests on that.
Source: xl(1), incus(1), kubectl's reference, Firecracker's docs/jailer.md, Cloud Hypervisor's docs/api.md.
"""

from __future__ import annotations

_STATE = """#!{python}
import json, pathlib, re, sys
words = sys.argv[1:]
file = pathlib.Path({root!r}) / "state.json"
state = json.loads(file.read_text())
def keep():
    file.write_text(json.dumps(state, sort_keys=True))
def refuse(why):
    sys.exit(f"stand-in: {{why}}: {{words}}")
"""

# Domains with their pools, pools with their CPUs, pins of Domain-0's vCPUs.
XL = (
    _STATE
    + """
verb, rest = words[0], words[1:]
pools, domains, pins = state["pools"], state["domains"], state["pins"]
if verb == "vcpu-list" and rest == ["Domain-0"]:
    print("Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)")
    for vcpu, cpus in sorted(pins.items()):
        print(f"Domain-0                             0     {{vcpu}}     {{vcpu}}   -b-       1.5  {{cpus}} / all")
elif verb == "vcpu-list":
    pass
elif verb == "vcpu-pin" and rest[0] == "Domain-0":
    for vcpu in pins if rest[1] == "all" else [rest[1]]:
        pins[vcpu] = rest[2]
elif verb == "cpupool-cpu-remove":
    int(rest[1]) in pools[rest[0]] or refuse("not in this pool")
    pools[rest[0]].remove(int(rest[1]))
elif verb == "cpupool-cpu-add":
    any(int(rest[1]) in cpus for cpus in pools.values()) and refuse("in a pool already")
    pools[rest[0]] = sorted([*pools[rest[0]], int(rest[1])])
elif verb == "cpupool-create":
    text = pathlib.Path(rest[0]).read_text()
    name, cpus = re.search('name = "(.*)"', text)[1], [int(n) for n in re.findall(r'"(\\d+)"', text)]
    name in pools and refuse("there is such a pool")
    any(cpu in other for cpu in cpus for other in pools.values()) and refuse("a CPU is in another pool")
    pools[name] = cpus
elif verb == "cpupool-destroy":
    rest[0] in domains.values() and refuse("domains are in it")
    del pools[rest[0]]
elif verb == "create":
    text = pathlib.Path(rest[0]).read_text()
    name, pool = re.search('name = "(.*)"', text)[1], re.search('pool = "(.*)"', text)
    name in domains and refuse("there is such a domain")
    pool is None or pool[1] in pools or refuse("no such pool")
    domains[name] = pool[1] if pool else "Pool-0"
elif verb == "shutdown" and rest[0] == "-w":
    rest[1] in state.get("stuck", []) and refuse("it does not shut down")
    del domains[rest[1]]
else:
    refuse("unknown")
keep()
"""
)

# Machines with their configuration.
INCUS = (
    _STATE
    + """
verb, rest = words[0], words[1:]
if verb == "launch":
    name = rest[1]
    name in state and refuse("there is such a machine")
    state[name] = dict(re.findall(r"^  ([a-z.-]+): [\\"']?([^\\"'\\n]*)", sys.stdin.read(), re.M))
elif verb == "config" and rest[0] in ("get", "show"):
    lines = "".join(f'  {{key}}: "{{value}}"\\n' for key, value in state[rest[1]].items())
    print(state[rest[1]].get(rest[2]) if rest[0] == "get" else f"config:\\n{{lines}}", end="")
elif verb == "list" and rest[1:] == ["--format", "csv", "--columns", "n"]:
    key, _, value = rest[0].partition("=")
    print("".join(f"{{name}}\\n" for name, config in state.items() if config.get(key) == value), end="")
elif verb == "delete" and rest[0] == "--force":
    del state[rest[1]]
else:
    refuse("unknown")
keep()
"""
)

# Objects with their labels, one node with its own.
KUBECTL = (
    _STATE
    + """
verb, rest = words[0], words[1:]
node, objects = state["node"], state["objects"]
def chosen(labels):
    key, _, value = rest[rest.index("--selector") + 1].partition("=")
    return labels.get(key) == value
if verb == "create" and rest[0] == "--filename":
    text = sys.stdin.read() if rest[1] == "-" else pathlib.Path(rest[1]).read_text()
    kind, name = re.search("^kind: (.*)$", text, re.M)[1].lower(), re.search("^  name: (.*)$", text, re.M)[1]
    block = re.search("^  labels:\\n((?:    .*\\n)*)", text, re.M)
    f"{{kind}}/{{name}}" in objects and refuse("there is such an object")
    objects[f"{{kind}}/{{name}}"] = dict(re.findall("^    (.*): (.*)$", block[1] if block else "", re.M))
elif verb == "delete" and rest[1] == "--selector":
    for key in [key for key, labels in objects.items() if key.startswith(rest[0] + "/") and chosen(labels)]:
        del objects[key]
elif verb == "label" and rest[:2] == ["node", "NODE"]:
    key, _, value = rest[2].partition("=")
    node["labels"].get(key, value) == value or refuse("there is such a label; --overwrite is false")
    node["labels"][key] = value
elif verb == "label" and rest[:2] == ["node", "--selector"]:
    if chosen(node["labels"]):
        del node["labels"][rest[-1].removesuffix("-")]
elif verb in ("drain", "uncordon"):
    node["schedulable"] = verb == "uncordon"
elif verb == "get" and rest[-1:] == ["jsonpath={{.spec.unschedulable}}"]:
    print("" if node["schedulable"] else "true", end="")
elif verb not in ("exec", "edit", "get"):
    refuse("unknown")
keep()
"""
)

SUDO = '#!/bin/sh\nexec "$@"\n'
SYSTEMCTL = '#!/bin/sh\nprintf "%s\\n" "$*" >>"{root}/systemctl.log"\n'

# Puts a VM into its jail and its cgroup as the real one does, with a thread a vCPU, and goes away with SIGTERM.
JAILER = """#!{python}
import json, os, pathlib, signal, sys, threading, time
root, words = pathlib.Path({root!r}), sys.argv[1:]
def given(name):
    return words[words.index(name) + 1]
name = given("--id")
jail = root / "srv/jailer" / pathlib.Path(given("--exec-file")).name / name / "root"
count = json.loads((jail / given("--config-file")).read_text())["machine-config"]["vcpu_count"]
group = root / "cgroup" / given("--parent-cgroup") / name
if group.exists():
    sys.exit("stand-in: there is such a cgroup")
if os.fork():
    os._exit(0)
os.setsid()
group.mkdir(parents=True)
def run(comm):
    pathlib.Path(f"/proc/self/task/{{threading.get_native_id()}}/comm").write_text(comm)
    threading.Event().wait()
for vcpu in range(count):
    threading.Thread(target=run, args=(f"fc_vcpu {{vcpu}}",), daemon=True).start()
time.sleep(0.2)
def end(*_):
    for file in ("cgroup.procs", "cgroup.threads"):
        (group / file).write_text("")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
(group / "cgroup.threads").write_text("".join(f"{{task}}\\n" for task in os.listdir("/proc/self/task")))
(group / "cgroup.procs").write_text(f"{{os.getpid()}}\\n")
for number in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), number)
time.sleep(120)
"""
# Of a cgroup without processes the kernel removes the files with the folder.
RMDIR = """#!/bin/sh
for folder in "$@"; do
    case $folder in
        {root}/cgroup/*) [ ! -s "$folder/cgroup.procs" ] || exit 1
            rm -f "$folder/cgroup.procs" "$folder/cgroup.threads" ;;
    esac
    /bin/rmdir "$folder" || exit 1
done
"""

# Answers at its socket until it is told to end.
CLOUD_HYPERVISOR = """#!{python}
import os, pathlib, socket, sys
path = pathlib.Path(sys.argv[sys.argv.index("--api-socket") + 1])
server = socket.socket(socket.AF_UNIX)
server.bind(str(path))
server.listen()
server.settimeout(120)  # a test that failed leaves nobody to end it
print("started", flush=True)
while True:
    client, _ = server.accept()
    word = client.recv(100).decode()
    if word == "shutdown-vmm":
        path.unlink()
    client.sendall(b"ok")
    if word == "shutdown-vmm":
        os._exit(0)
"""
CH_REMOTE = """#!{python}
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[sys.argv.index("--api-socket") + 1])
client.sendall(sys.argv[3].encode())
client.recv(10)
"""
PROGRAMS = {
    "xl": XL, "incus": INCUS, "kubectl": KUBECTL, "sudo": SUDO, "systemctl": SYSTEMCTL, "jailer": JAILER,
    "rmdir": RMDIR, "cloud-hypervisor": CLOUD_HYPERVISOR, "ch-remote": CH_REMOTE, "chown": "#!/bin/sh\n",
}  # fmt: skip
