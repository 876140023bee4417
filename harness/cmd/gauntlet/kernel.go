package main

import (
	"context"
	"slices"

	"gauntlet/harness/chaos"
	"gauntlet/harness/platform/docker"
)

// kernelFor is what the kernel can do for the faults on the platform. It is
// asked only where that makes a difference.
func kernelFor(ctx context.Context, platform string, faults []chaos.Timed) chaos.Kernel {
	if platform != chaos.Docker && platform != allPlatforms || !slices.ContainsFunc(faults, func(t chaos.Timed) bool { return t.AsksKernel() }) {
		return chaos.Kernel{}
	}
	if err := docker.CanDrop(ctx); err != nil {
		return chaos.Kernel{Why: err.Error()}
	}
	return chaos.Kernel{Drops: true}
}
