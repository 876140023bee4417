package doctor

import (
	"context"
	"fmt"
	"go/version"
	"regexp"
	"strings"
)

// found asks the first of the programs that is there for its version, and
// returns the first line of its answer; that of its complaint when it has none.
func (m Machine) found(ctx context.Context, args []string, programs ...string) (line, program string, err error) {
	for _, program := range programs {
		if _, e := m.LookPath(program); e != nil {
			continue
		}
		out, errs, err := m.Run(ctx, program, args...)
		if err != nil {
			out = errs
		}
		return firstLine(out), program, err
	}
	return "", "", nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// program is the check of a program of which any version will do.
func program(ctx context.Context, m Machine, args []string, names ...string) finding {
	line, name, err := m.found(ctx, args, names...)
	switch {
	case name == "":
		return finding{state: Missing, found: strings.Join(names, ", ") + ": not on PATH"}
	case err != nil:
		return broken(name, args, line, err)
	}
	return finding{state: OK, found: line}
}

// broken is a program that is there and fails.
func broken(name string, args []string, line string, err error) finding {
	text := fmt.Sprintf("%s %s: %v", name, strings.Join(args, " "), err)
	if line != "" {
		text += ": " + line
	}
	return finding{state: Missing, found: text, advice: "it is installed and does not work: reinstall it"}
}

// there is the check of a program that is not asked for anything: webdis starts
// a server whatever it is asked, and nginx tells its version as a complaint.
func there(m Machine, names ...string) finding {
	for _, name := range names {
		if path, err := m.LookPath(name); err == nil {
			return finding{state: OK, found: path}
		}
	}
	return finding{state: Missing, found: names[0] + ": not on PATH"}
}

// lookNginx looks where Debian has it as well, which is on the PATH of root
// alone: the Compose file of webdis does the same.
func lookNginx(_ context.Context, m Machine, _ Needs) finding {
	return there(m, "nginx", "/usr/sbin/nginx")
}

func lookWebdis(_ context.Context, m Machine, _ Needs) finding { return there(m, "webdis") }

func lookGit(ctx context.Context, m Machine, _ Needs) finding {
	return program(ctx, m, []string{"--version"}, "git")
}

func lookCompiler(ctx context.Context, m Machine, _ Needs) finding {
	return program(ctx, m, []string{"--version"}, "gcc", "clang")
}

func lookChromium(ctx context.Context, m Machine, _ Needs) finding {
	return program(ctx, m, []string{"--version"}, "chromium", "chromium-browser", "google-chrome")
}

func lookPromtool(ctx context.Context, m Machine, _ Needs) finding {
	return program(ctx, m, []string{"--version"}, "promtool")
}

var goVersion = regexp.MustCompile(`\bgo1\.[0-9]+[^ ]*`)

// lookGo compares with the version that built gauntlet, which was new enough.
// An older one works where it may download its successor.
func lookGo(ctx context.Context, m Machine, _ Needs) finding {
	f := program(ctx, m, []string{"version"}, "go")
	have := goVersion.FindString(f.found)
	switch {
	case f.state != OK:
		return f
	case have == "":
		return finding{Unknown, fmt.Sprintf("an unusual version: %q", f.found), "go version should name a release"}
	case version.Compare(have, m.Go) < 0:
		return finding{Warn, fmt.Sprintf("%s; gauntlet was built with %s", have, m.Go),
			"works when it may download a newer one (GOTOOLCHAIN=auto and a network); else install " + m.Go + ": https://go.dev/dl"}
	}
	return f
}

var redisVersion = regexp.MustCompile(`\bv=([0-9]+)(\.[0-9.]+)?`)

// oldestRedis is the first major version whose append-only file is kept in
// parts, as that of the image in the reference Compose file.
const oldestRedis = 7

func lookRedis(ctx context.Context, m Machine, _ Needs) finding {
	f := program(ctx, m, []string{"--version"}, "redis-server")
	if f.state != OK {
		return f
	}
	match := redisVersion.FindStringSubmatch(f.found)
	if match == nil {
		return finding{Unknown, fmt.Sprintf("an unusual version: %q", f.found), "the checks were made with Redis 7"}
	}
	var major int
	fmt.Sscan(match[1], &major) // digits, by the pattern
	if major < oldestRedis {
		return finding{Warn, "redis-server " + match[1] + match[2], fmt.Sprintf("the Compose file asks for Redis %d; an older one was not tried", oldestRedis)}
	}
	return finding{state: OK, found: "redis-server " + match[1] + match[2]}
}
