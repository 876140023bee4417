package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gauntlet/reports"
)

// The tests of this file break a system of which nothing was written here:
// nginx before webdis before Redis, in a form that is short once more.

// briefly is the short form of webdis-kill.
func briefly(more ...string) []string {
	return settings(append([]string{
		"--seed", "7", "--set", "phases.observe=8s", "--set", "slo.recovery=3s",
		"--set", "faults.1.at=1s", "--set", "faults.1.chaos.spec.duration=3s",
	}, more...)...)
}

// needPrograms skips the test where nginx, webdis or Redis is not installed;
// with CI=true that is a failure.
func needPrograms(t *testing.T) {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") == "true" {
		skip = t.Fatalf
	}
	for _, program := range []string{"nginx", "webdis", "redis-server"} {
		_, err := exec.LookPath(program)
		if err != nil {
			_, err = exec.LookPath(filepath.Join("/usr/sbin", program))
		}
		if err != nil {
			skip("%v: .ci/deps installs what the tests need", err)
		}
	}
}

func passes(t *testing.T, platform string, more ...string) {
	t.Helper()
	got, r := sound(t, append([]string{"webdis-kill"}, briefly(more...)...)...)
	demand(t, got, r, reports.Pass)
	if r.Platform != platform || len(r.Faults) != 2 {
		t.Errorf("%d faults on platform %q", len(r.Faults), r.Platform)
	}
	for _, f := range r.Faults {
		if !f.Proven {
			t.Errorf("%s is not proven: %s", f.Name, f.Proof)
		}
	}
}

func TestEndToEndForeignSystem(t *testing.T) {
	needPrograms(t)
	passes(t, "local")
}

// A gateway that does not ask again is found out, by the requests that fail.
func TestEndToEndForeignSystemMisconfigured(t *testing.T) {
	needPrograms(t)
	got, r := sound(t, append([]string{"webdis-kill", "--control", "no-next-upstream"}, briefly()...)...)
	if got.code != exitPass {
		t.Errorf("exit code %d, want 0: %s %s\n%s", got.code, r.Verdict, r.Why, got.stderr)
	}
}

func TestDockerForeignSystem(t *testing.T) {
	needDocker(t)
	if _, err := os.Stat(filepath.Join(root(t), "targets", "webdis", ".env")); err != nil && os.Getenv("CI") != "true" {
		t.Skip("the images are not made: make images")
	}
	// A container takes its time to come back: the next one goes away after that.
	passes(t, "docker", "--platform", "docker", "--set", "faults.1.at=4s")
}
