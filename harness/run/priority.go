package run

import (
	"fmt"
	"os"

	"gauntlet/harness/chaos"
	"gauntlet/harness/platform/cgroup"
	"gauntlet/harness/platform/priority"
)

// raise gives the generator and, by inheritance, the echo of the control stream
// more of the processor than the system, until close; of a user who may not do
// that, the run's facts say so. It comes before the echo is started and before
// the first fact is written.
func (s *session) raise() {
	lower, err := priority.Raise()
	if err == nil {
		s.lower = lower
	}
	s.facts.Environment.Priority = privilege(s.o.Platform, err, grouped())
}

// privilege says in words what the generator has on top of the system.
func privilege(platform string, err error, grouped bool) string {
	if err != nil {
		return fmt.Sprintf("generator and control stream weigh no more than the system: %v", err)
	}
	text := fmt.Sprintf("generator and control stream are at a nice level better by %d: a thread of theirs weighs %.1f times one of the system", priority.Levels, priority.Weight(priority.Levels))
	if platform == chaos.Docker && grouped {
		text += "; but the containers are in another control group, to which it means nothing"
	}
	return text
}

// grouped says whether this process is in a control group below the one of
// everything. Where there are none it is not.
func grouped() bool {
	tree, err := cgroup.Here()
	if err != nil {
		return false
	}
	g, err := tree.Of(os.Getpid())
	return err == nil && !tree.IsRoot(g)
}
