package manifest

import (
	"fmt"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
)

// mostWorkers is upstream's limit.
const mostWorkers = 8192

// stressChaos checks and reads what is StressChaos's own.
func (r *reader) stressChaos(root *node, object *v1alpha1.StressChaos, f *chaos.Fault) {
	s := &object.Spec
	r.selected(root, s.PodSelector, f)
	f.ContainerNames = s.ContainerNames
	f.Stress = &chaos.Stress{}
	if s.StressngStressors != "" {
		// It is handed to stress-ng, and would win over the stressors.
		f.ClusterOnly = append(f.ClusterOnly, "spec.stressngStressors")
	}
	if s.Stressors == nil || s.Stressors.CPUStressor == nil && s.Stressors.MemoryStressor == nil {
		if s.StressngStressors == "" {
			r.wrong(r.near(root, "spec", "stressors"), "nothing stresses", "add stressors: {cpu: {workers: 1, load: 100}}")
		}
		return
	}
	if cpu := s.Stressors.CPUStressor; cpu != nil {
		r.cpu(root, cpu, f)
	}
	if memory := s.Stressors.MemoryStressor; memory != nil {
		r.memory(root, memory, f)
	}
	remote(s.RemoteCluster, f)
}

func (r *reader) cpu(root *node, cpu *v1alpha1.CPUStressor, f *chaos.Fault) {
	r.workers(root, cpu.Workers, "cpu")
	f.Stress.CPUWorkers, f.Stress.CPULoad = cpu.Workers, 100
	if cpu.Load != nil {
		f.Stress.CPULoad = *cpu.Load
		if *cpu.Load < 1 || *cpu.Load > 100 {
			r.wrong(r.near(root, "spec", "stressors", "cpu", "load"), fmt.Sprintf("load %d is not a percentage from 1 to 100", *cpu.Load), "")
		}
	}
	if len(cpu.Options) > 0 {
		f.ClusterOnly = append(f.ClusterOnly, "spec.stressors.cpu.options")
	}
}

func (r *reader) memory(root *node, memory *v1alpha1.MemoryStressor, f *chaos.Fault) {
	r.workers(root, memory.Workers, "memory")
	f.Stress.MemoryWorkers = memory.Workers
	if memory.Size == "" {
		r.wrong(r.near(root, "spec", "stressors", "memory"), "memory has no size: it would take all that there is", `write size: 256MB or size: "50%"`)
	} else {
		f.Stress.MemoryBytes, f.Stress.MemoryShare = r.size(root, []string{"spec", "stressors", "memory", "size"}, memory.Size)
	}
	if memory.OOMScoreAdj != 0 {
		f.ClusterOnly = append(f.ClusterOnly, "spec.stressors.memory.oomScoreAdj")
	}
	if len(memory.Options) > 0 {
		f.ClusterOnly = append(f.ClusterOnly, "spec.stressors.memory.options")
	}
}

func (r *reader) workers(root *node, n int, kind string) {
	if n < 1 || n > mostWorkers {
		r.wrong(r.near(root, "spec", "stressors", kind, "workers"), fmt.Sprintf("%d workers; it takes from 1 to %d", n, mostWorkers), "")
	}
}
