package doctor

import "context"

// check is a row of the table.
type check struct {
	name   string
	needed bool
	uses   []string
	why    string
	get    Get
	look   func(context.Context, Machine, Needs) finding
}

// Who uses a thing.
const (
	forLocal  = "local"
	forDocker = "docker"
	forTests  = "tests"
)

// table is every check, what is needed first.
var table = []check{
	{"go", true, []string{forLocal, forTests},
		"builds the services that x-local names by package, and gauntlet itself",
		Get{"apt-get install golang-go", "https://go.dev/dl"}, lookGo},
	{"ports", true, []string{forLocal},
		"every replica gets ports of its own on loopback, below those that the system gives to connections",
		Get{"", "stop what listens there, or raise the lower end of net.ipv4.ip_local_port_range"}, lookPorts},
	{"disk", true, []string{forLocal, forDocker},
		"every request of a run is written down, beside the volumes of the system",
		Get{"", "remove old runs, or choose another folder with --out"}, lookDisk},
	{"open-files", true, []string{forLocal, forDocker},
		"every worker holds a connection, and three descriptors where it goes through an edge proxy; a replica holds its share",
		Get{"", "ulimit -n 65536, or LimitNOFILE= of the unit that starts gauntlet; or a lower rate or a shorter time-out"}, lookOpenFiles},
	{"processes", false, []string{forLocal},
		"replicas are processes, each with some threads",
		Get{"", "ulimit -u 4096, or the pids limit of the container"}, lookProcesses},
	{"memory", true, []string{forLocal, forDocker},
		"workers, replicas and the logs in flight share it; a machine that swaps measures its disk",
		Get{"", "stop what is not needed, or a lower rate"}, lookMemory},
	{"cores", false, []string{forLocal, forDocker},
		"load, system and everything else of the machine compete for them",
		Get{"", "a machine with more cores, or a lower rate"}, lookCores},
	{"cpu-pressure", false, []string{forLocal, forDocker},
		"when others take the CPU requests leave late and answers come late; what that could have changed is INCONCLUSIVE",
		Get{"", "stop what is not part of the run"}, lookPressure},
	{"timer", false, []string{forLocal, forDocker},
		"a sleep that ends late is the slip of a request: it is judged from its due time, and both edges of a recovery are uncertain by the largest slip",
		Get{"", "a quieter machine; in a VM, one with cores of its own"}, lookTimer},
	{generatorName, true, []string{forLocal, forDocker},
		"a generator that waits for a processor beside the stress that it asked for measures itself: a run that would is refused",
		Get{"", "stop what is not part of the run, and see whether another run is under way"}, lookGenerator},
	{"left-behind", true, []string{forLocal, forDocker},
		"another run, or what a killed one left, would disturb the next, which waits or is refused, and removes what was left",
		Get{"", "gauntlet gc"}, lookLeft},
	{"redis-server", false, []string{forLocal, forTests},
		"the real Redis is killed instead of the embedded substitute",
		Get{"apt-get install redis-server", "https://redis.io/docs/latest/operate/oss_and_stack/install/"}, lookRedis},
	{"nginx", false, []string{forLocal, forTests},
		"stands before webdis in the experiments webdis-…",
		Get{"apt-get install nginx", "https://nginx.org/en/download.html"}, lookNginx},
	{"webdis", false, []string{forLocal, forTests},
		"stands before Redis in the experiments webdis-…",
		Get{"apt-get install webdis", "https://github.com/nicolasff/webdis"}, lookWebdis},
	{"git", false, []string{forLocal, forTests},
		"a run says which commit it ran; the tests ask which files belong to the project",
		Get{"apt-get install git", "https://git-scm.com/downloads"}, lookGit},
	{"docker", false, []string{forDocker},
		"runs the same Compose file as containers (--platform docker)",
		Get{"apt-get install docker.io", "https://docs.docker.com/engine/install/"}, lookDocker},
	{"iptables", false, []string{forDocker},
		"packets between containers are lost by the kernel; without it a proxy on the edge makes what a loss costs",
		Get{"apt-get install iptables", "a kernel with xt_statistic and xt_comment"}, lookIptables},
	{"cgroup", false, []string{forLocal},
		"a limit on a process's CPU by quota, exact; without it by stopping and continuing it, approximate",
		Get{"", "run as root, with /sys/fs/cgroup mounted to be written"}, lookCgroup},
	{"c-compiler", false, []string{forTests},
		"the race detector of `make test` needs one; without it the tests run plain",
		Get{"apt-get install gcc", "gcc or clang on PATH"}, lookCompiler},
	{"chromium", false, []string{forTests},
		"the tests look at the report with a browser",
		Get{"apt-get install chromium", "chromium or google-chrome on PATH"}, lookChromium},
	{"promtool", false, []string{forTests},
		"checks the alert rules and the dashboard of targets/observe",
		Get{"apt-get install prometheus", "https://prometheus.io/download/"}, lookPromtool},
}
