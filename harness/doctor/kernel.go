package doctor

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Only Linux has these.
func notHere(m Machine) (finding, bool) {
	return finding{Unknown, "not on " + m.OS, "a container on Linux has it"}, m.OS != "linux"
}

// lookIptables asks the program for what it knows, and the kernel by trying it
// in a network namespace that ends with the command: the program's knowledge
// says nothing of the kernel's.
func lookIptables(ctx context.Context, m Machine, _ Needs) finding {
	if f, not := notHere(m); not {
		return f
	}
	f := program(ctx, m, []string{"--version"}, "iptables")
	if f.state != OK {
		return f
	}
	const whole = "install the distribution's whole iptables package"
	for _, name := range []string{"iptables-restore", "iptables-save"} {
		if _, err := m.LookPath(name); err != nil {
			return finding{Missing, name + ": not on PATH", whole}
		}
	}
	for _, match := range []struct{ name, says string }{{"statistic", "--probability"}, {"comment", "--comment"}} {
		text, _, _ := m.Run(ctx, "iptables", "-m", match.name, "-h") // some versions print help and fail
		if !strings.Contains(text, match.says) {
			return finding{Missing, f.found + " does not know " + match.name, whole}
		}
	}
	if !m.Root {
		return finding{Unknown, f.found + " knows statistic and comment; only root can ask the kernel", "sudo gauntlet doctor"}
	}
	tried := tryApart(ctx, m, "iptables", "-w", "1", "-A", "INPUT", "-p", "tcp", "-m", "statistic",
		"--mode", "random", "--probability", "0.5", "-m", "comment", "--comment", "gauntlet", "-j", "DROP")
	if tried.state == OK {
		tried.found = f.found + ": " + tried.found
	}
	return tried
}

// tryApart runs a command in a network namespace of its own. It ends with the
// command, and whatever the command did to it does too.
func tryApart(ctx context.Context, m Machine, command ...string) finding {
	if _, err := m.LookPath("unshare"); err != nil {
		return finding{Unknown, "unshare: not on PATH, so it cannot be tried apart from the host", "apt-get install util-linux"}
	}
	_, complaint, err := m.Run(ctx, "unshare", append([]string{"--net", "--"}, command...)...)
	switch line := firstLine(complaint); {
	case err == nil:
		return finding{state: OK, found: "tried in a network namespace of its own"}
	case strings.HasPrefix(line, "unshare:"):
		return finding{Unknown, "no network namespace to try it in: " + line, "run outside of a restricted container"}
	default:
		return finding{Missing, fmt.Sprintf("the kernel refuses it (%v): %s", err, line),
			"a kernel that has it: on Debian that of the package linux-image; in a VM it is the host's choice"}
	}
}

// lookCgroup finds out, without making a group, whether a CPU quota could be
// set: the controller is there and its folder takes new groups.
func lookCgroup(_ context.Context, m Machine, _ Needs) finding {
	if f, not := notHere(m); not {
		return f
	}
	mounts, err := m.ReadFile("/proc/mounts")
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	version, folder := cpuController(m, string(mounts))
	switch {
	case version == 0:
		return finding{state: Missing, found: "no cgroup file system with a cpu controller is mounted"}
	case !m.Root:
		return finding{Unknown, fmt.Sprintf("version %d at %s; only root can set a quota", version, folder), "sudo gauntlet doctor"}
	}
	if err := m.Writable(folder); err != nil {
		return finding{state: Missing, found: fmt.Sprintf("version %d, read-only: %v", version, err)}
	}
	return finding{state: OK, found: fmt.Sprintf("version %d, a CPU quota can be set below %s", version, folder)}
}

// cpuController is the version of the hierarchy that holds the cpu controller
// and where it is mounted; 0 for none. A controller lives in one hierarchy
// only: with both versions mounted it may be either.
func cpuController(m Machine, mounts string) (version int, folder string) {
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		switch f[2] {
		case "cgroup":
			if slices.Contains(strings.Split(f[3], ","), "cpu") {
				return 1, f[1]
			}
		case "cgroup2":
			controllers, err := m.ReadFile(path.Join(f[1], "cgroup.controllers"))
			if err == nil && slices.Contains(strings.Fields(string(controllers)), "cpu") {
				version, folder = 2, f[1]
			}
		}
	}
	return version, folder
}
