package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/topology"
	"gauntlet/reports"
)

// machine describes where the run happens, as far as it changes what is
// measured.
func machine() reports.Environment {
	return reports.Environment{
		Gauntlet: Version(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), MemoryMB: memoryMB("MemTotal"), Kernel: firstLine("/proc/sys/kernel/osrelease"),
		Config: map[string]string{},
	}
}

// Version is the version of this gauntlet: of its module, or the commit that
// it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 7 {
			return s.Value[:7]
		}
	}
	return info.Main.Version
}

// memoryMB is a line of what the machine tells of its memory, MemTotal for one;
// 0 when it does not tell.
func memoryMB(of string) int {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == of+":" {
			kb, _ := strconv.Atoi(f[1])
			return kb / 1024
		}
	}
	return 0
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// Commit is the commit that dir is at, with "+dirty" when something differs;
// "" outside a repository or without git.
func Commit(ctx context.Context, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	head, err := git("rev-parse", "--short=7", "HEAD")
	if err != nil {
		return ""
	}
	if changes, err := git("status", "--porcelain", "--untracked-files=no"); err == nil && changes != "" {
		return head + "+dirty"
	}
	return head
}

// secret matches the names of settings whose values must not be written down.
var secret = regexp.MustCompile(`(?i)(pass(word|wd)?|secret|token|credential|private|api_?key|auth)`)

// userinfo matches the password of a URL.
var userinfo = regexp.MustCompile(`(://[^/@:\s]*:)[^/@\s]+@`)

// configuration is the target's settings, service by service, with secrets
// redacted.
func configuration(s topology.Stack) map[string]string {
	all := map[string]string{}
	for _, service := range s.Services {
		for name, value := range service.Env {
			all[service.Name+"."+name] = redact(name, value)
		}
		if len(service.Command) > 0 {
			all[service.Name+".command"] = redact("", strings.Join(service.Command, " "))
		}
	}
	return all
}

// Hiding makes the function that takes the secrets of experiments out of every
// text that is written down: the values of settings and headers with a
// telling name, what requests take from the environment, and the passwords of
// URLs. Values of fewer than four characters are left:
// too much else would go with them.
func Hiding(all ...*experiment.Experiment) func(string) string {
	var pairs []string
	for _, e := range all {
		for _, env := range e.Target.Env {
			for name, value := range env {
				if secret.MatchString(name) && len(value) >= 4 {
					pairs = append(pairs, value, "(redacted)")
				}
			}
		}
	}
	for _, e := range all {
		for _, value := range secretsOf(e) {
			if len(value) >= 4 {
				pairs = append(pairs, value, "(redacted)")
			}
		}
	}
	replace := strings.NewReplacer(pairs...)
	return func(text string) string { return redact("", replace.Replace(text)) }
}

func redact(name, value string) string {
	if secret.MatchString(name) && value != "" {
		return "(redacted)"
	}
	return userinfo.ReplaceAllString(value, "${1}(redacted)@")
}

// digest is the first 12 hex digits of the SHA-256 of the parts, each ended
// by a zero byte so that no two lists of parts are the same text.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// digestOf is the digest of a configuration.
func digestOf(config map[string]string) string {
	var parts []string
	for name, value := range config {
		parts = append(parts, name+"="+value)
	}
	slices.Sort(parts)
	return digest(strings.Join(parts, "\n"))
}
