package platform

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gauntlet/harness/topology"
)

func TestServicesAreStartedInOrder(t *testing.T) {
	stack := topology.Stack{Services: []topology.Service{
		{Name: "redis"}, {Name: "web", DependsOn: []topology.Dependency{{Service: "redis", Healthy: true}}}, {Name: "proxy", DependsOn: []topology.Dependency{{Service: "web"}}},
	}}
	broken := errors.New("broken")
	for _, c := range []struct {
		fails string
		want  []string
	}{
		{"", []string{"start redis", "ready redis", "start web", "start proxy", "ready redis", "ready web", "ready proxy"}},
		{"start web", []string{"start redis", "ready redis", "start web"}},
		{"ready redis", []string{"start redis", "ready redis"}},
		{"ready web", []string{"start redis", "ready redis", "start web", "start proxy", "ready redis", "ready web"}},
	} {
		var did []string
		do := func(what string) error {
			if did = append(did, what); what == c.fails {
				return broken
			}
			return nil
		}
		err := InOrder(t.Context(), stack, time.Hour,
			func(s topology.Service) error { return do("start " + s.Name) },
			func(_ context.Context, service string, deadline time.Time) error {
				if left := time.Until(deadline); left <= 0 || left > time.Hour {
					t.Errorf("%s may take %v more", service, left)
				}
				return do("ready " + service)
			})
		if !slices.Equal(did, c.want) || errors.Is(err, broken) != (c.fails != "") {
			t.Errorf("%q fails: %q, %v; want %q", c.fails, did, err, c.want)
		}
	}
}
