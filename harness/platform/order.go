package platform

import (
	"context"
	"time"

	"gauntlet/harness/topology"
)

// InOrder starts service after service. One that others need healthy is waited
// for before them; at the end all are, each for as long as within after it was
// started. ready waits until a service is, at most until deadline.
func InOrder(ctx context.Context, stack topology.Stack, within time.Duration,
	start func(topology.Service) error, ready func(ctx context.Context, service string, deadline time.Time) error) error {
	deadlines := map[string]time.Time{}
	for _, service := range stack.Services {
		for _, d := range service.DependsOn {
			if !d.Healthy {
				continue
			}
			if err := ready(ctx, d.Service, deadlines[d.Service]); err != nil {
				return err
			}
		}
		deadlines[service.Name] = time.Now().Add(within)
		if err := start(service); err != nil {
			return err
		}
	}
	for _, service := range stack.Services {
		if err := ready(ctx, service.Name, deadlines[service.Name]); err != nil {
			return err
		}
	}
	return nil
}
