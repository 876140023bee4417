package manifest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
)

var podActions = []string{chaos.PodKill, chaos.PodFailure, chaos.ContainerKill}

// podChaos checks and reads what is PodChaos's own.
func (r *reader) podChaos(root *node, pod *v1alpha1.PodChaos, f *chaos.Fault) {
	r.oneOf(root, specOf, "action", f.Action, podActions)
	r.selected(root, pod.Spec.PodSelector, f)
	if at := r.near(root, "spec", "duration"); f.Action == chaos.PodFailure && f.Duration == 0 && !r.noted(at) {
		r.wrong(at, "pod-failure has no duration: it would be over at once", "write duration: 30s")
	}
	r.grace(root, pod.Spec.GracePeriod, f)
	r.containers(root, pod.Spec.ContainerNames, f)
	remote(pod.Spec.RemoteCluster, f)
}

// grace reads gracePeriod, in seconds.
func (r *reader) grace(root *node, s int64, f *chaos.Fault) {
	const most = 24 * 60 * 60
	at := r.near(root, "spec", "gracePeriod")
	switch {
	case s < 0:
		r.wrong(at, fmt.Sprintf("gracePeriod %d is negative", s), "0 is SIGKILL at once")
	case s > most:
		r.wrong(at, fmt.Sprintf("gracePeriod %d is more than a day", s), "it is in seconds")
	case s > 0 && f.Action != chaos.PodKill:
		r.wrong(at, "gracePeriod is of pod-kill alone: "+f.Action+" would not heed it", "leave it out")
	}
	f.GracePeriod = time.Duration(min(s, most)) * time.Second
}

// containers reads containerNames.
func (r *reader) containers(root *node, names []string, f *chaos.Fault) {
	at := r.near(root, "spec", "containerNames")
	switch {
	case f.Action == chaos.ContainerKill && len(names) == 0:
		r.wrong(at, "container-kill has no containerNames", "name the containers: containerNames: [mapper]")
	case f.Action != chaos.ContainerKill && len(names) > 0:
		r.wrong(at, "containerNames is of container-kill alone: "+f.Action+" takes the whole pod", "leave it out, or write action: container-kill")
	}
	for i, name := range names {
		if name == "" {
			r.wrong(r.near(root, "spec", "containerNames", strconv.Itoa(i)), "a container without a name", "")
		}
	}
	f.ContainerNames = names
}
