package main

import (
	"testing"

	"gauntlet/harness/chaos"
)

// The tests of this file are further runs in the short form. What they show
// beyond the others is also tested without a load, so that hardly a change
// breaks them alone; they have a target of their own, which holds up no change.

func TestFurtherExperiments(t *testing.T) {
	all(t, chaos.Local, "rolling-restart", "redis-latency", "client-latency", "redis-loss")
}

func TestFurtherControls(t *testing.T) {
	all(t, chaos.Local,
		"node-join/inert-fault", "rolling-restart/ack-before-store", "rolling-restart/inert-fault",
		"redis-latency/global-lock", "redis-outage/older-write-wins", "redis-outage/breaker-never-half-opens", "redis-outage/clock-skew", "redis-partition/inert-fault", "client-latency/near")
}

func TestFurtherOnContainers(t *testing.T) {
	needDocker(t)
	all(t, chaos.Docker, "rolling-restart", "redis-latency", "client-latency", "redis-loss/global-lock", "redis-loss/inert-fault")
}

func TestFurtherKilledOnContainers(t *testing.T) { killedOnContainers(t, 20) }

func TestFurtherKilledUnderEveryFault(t *testing.T) {
	t.Run(chaos.Local, func(t *testing.T) {
		killedUnderEverything(t, chaos.Local, 20, func(*testing.T, string) {})
	})
	t.Run(chaos.Docker, func(t *testing.T) {
		needDocker(t)
		killedUnderEverything(t, chaos.Docker, 20, noContainers)
	})
}
