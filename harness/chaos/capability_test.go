package chaos

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
)

func TestCapability(t *testing.T) {
	with := func(change func(*Fault)) Fault {
		f := failureOf("redis")
		f.Places = map[string]Place{"": {File: "x.yaml", Line: 3, Column: 5}}
		change(&f)
		return f
	}
	nodes := with(func(f *Fault) { f.ClusterOnly = []string{"spec.selector.nodes", "spec.remoteCluster"} })
	for _, c := range []struct {
		platform string
		f        Fault
		level    Level
		reason   string
	}{
		{Local, with(func(f *Fault) {}), Faithful, ""},
		{Local, with(func(f *Fault) { f.Action = PodKill }), Faithful, ""},
		{Local, with(func(f *Fault) { f.Action = ContainerKill }), Faithful, ""},
		{External, with(func(f *Fault) {}), Refused, "not started by gauntlet"},
		{Docker, with(func(f *Fault) {}), Faithful, ""},
		{Docker, with(func(f *Fault) { f.Action = PodKill }), Faithful, ""},
		{Docker, with(func(f *Fault) { f.Action = ContainerKill }), Faithful, ""},
		{Docker, nodes, Refused, "spec.selector.nodes means something in a cluster only"},
		{Kubernetes, with(func(f *Fault) {}), Refused, "not supported in this version"},
		{Local, delayOf("mapper", "to", nil), Approximate, "on the stream of bytes"},
		{Docker, delayOf("mapper", "to", nil), Approximate, "on the stream of bytes"},
		{External, delayOf("mapper", "to", nil), Refused, "not started by gauntlet"},
		{Local, with(func(f *Fault) { f.Kind, f.Action = NetworkChaos, NetworkCorrupt }), Refused, "TCP hides it"},
		{Local, with(func(f *Fault) { f.Action = "pod-hug" }), Refused, "not known here"},
		{Local, nodes, Refused, "spec.selector.nodes means something in a cluster only"},
		{Local, with(func(f *Fault) { f.Selector.Phases = []string{"Running"} }), Faithful, ""},
		{Local, with(func(f *Fault) { f.Selector.Phases = []string{"Pending"} }), Refused, `no phase "Pending"`},
		{"loca", with(func(f *Fault) {}), Refused, `did you mean "local"?`},
	} {
		got := CapabilityOf(c.platform, Kernel{}, c.f)
		if got.Level != c.level || !strings.Contains(got.Reason, c.reason) || (c.reason == "") != (got.Reason == "") {
			t.Errorf("%s on %s: %s", c.f.Title(), c.platform, got)
		}
		if err := Refuse(c.platform, c.f); (err != nil) != (c.level == Refused) {
			t.Errorf("%s on %s is %s, and refused with %v", c.f.Title(), c.platform, c.level, err)
		}
	}
	all := diagnostic.All(Refuse(Local, nodes))
	if len(all) != 2 || all[0].Line != 3 || all[0].Hint != "no platform of this version can do it" {
		t.Errorf("every field has its own refusal: %v", all)
	}
	if err := Refuse(External, with(func(f *Fault) {})); !strings.Contains(err.Error(), "hint: it can be done on local, docker") {
		t.Errorf("a refusal names the platforms that can: %v", err)
	}
}

func TestWhatIsReadDifferentlyIsSaid(t *testing.T) {
	f := killOf("redis")
	if n := CapabilityOf(Local, Kernel{}, f).Notes; len(n) != 0 {
		t.Errorf("notes %q", n)
	}
	f.Duration, f.Selector.Namespaces = time.Second, []string{"shop"}
	if n := CapabilityOf(Local, Kernel{}, f).Notes; len(n) != 2 || !strings.Contains(n[0], "duration 1s has no effect") || !strings.Contains(n[1], "namespaces shop match every replica") {
		t.Errorf("notes %q", n)
	}
	f.Selector.Pods = map[string][]string{"shop": {"redis-1"}}
	if n := CapabilityOf(Local, Kernel{}, f).Notes; len(n) != 2 || !strings.Contains(n[1], "overrides every other selector") {
		t.Errorf("notes %q", n)
	}
	reject := delayOf("mapper", "to", nil)
	reject.Action, reject.Network = NetworkPartition, &Network{Behavior: BehaviorReject, Direction: "to"}
	for platform, want := range map[string]bool{Local: false, Docker: true} {
		if n := strings.Join(CapabilityOf(platform, Kernel{}, reject).Notes, "\n"); strings.Contains(n, "accepts it, and hangs up") != want {
			t.Errorf("reject on %s: notes %q", platform, n)
		}
	}
	if s := CapabilityOf(Local, Kernel{}, f).String(); s != "faithful" {
		t.Errorf("shown as %q", s)
	}
	if s := (Capability{Level: Approximate, Reason: "on the byte stream"}).String(); s != "approximate: on the byte stream" {
		t.Errorf("shown as %q", s)
	}
}

// The Kubernetes types cost most of a cold build and of the binary: who does
// faults must not pay for who reads them.
func TestDoingFaultsDoesNotReachTheKubernetesTypes(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-test", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if dep = strings.TrimSpace(dep); strings.HasPrefix(dep, "k8s.io/") || strings.Contains(dep, "chaos-mesh") || strings.HasSuffix(dep, "chaos/manifest") {
			t.Errorf("depends on %s", dep)
		}
	}
}
