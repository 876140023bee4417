package docker

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// answerTimeout bounds the first question to the engine.
const answerTimeout = 10 * time.Second

// connect reaches the engine. The library's reaper container is switched off:
// clean-up is by label, which needs no image from a registry and also works
// after the harness was killed.
func connect(ctx context.Context) (*testcontainers.DockerProvider, error) {
	prepare.Do(func() {
		for name, value := range map[string]string{
			"TESTCONTAINERS_RYUK_DISABLED": "true",
			// Within a container or VM the library would dial the gateway, where nothing may be published.
			"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
		} {
			if os.Getenv(name) == "" {
				os.Setenv(name, value)
			}
		}
		log.SetDefault(quiet{})
	})
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet{}))
	if err == nil {
		err = provider.Health(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("the Docker engine does not answer (is it running, and may this user reach it? `docker info` tells): %w", err)
	}
	host := provider.Client().DaemonHost()
	if err := meant(os.Getenv(client.EnvOverrideHost), host); err != nil {
		return nil, err
	}
	if !here(host) {
		return nil, fmt.Errorf("the Docker engine at %s is another machine's: the ports of its containers are published there, where gauntlet does not reach them; use an engine of this machine", host)
	}
	return provider, nil
}

var prepare sync.Once

// quiet drops the library's chatter: progress is the harness's to tell.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// meant is an error when host is not the engine that DOCKER_HOST asks for: where
// that one does not answer, the library goes on to the default one.
func meant(asked, host string) error {
	if asked == "" || strings.TrimSuffix(asked, "/") == strings.TrimSuffix(host, "/") {
		return nil
	}
	return fmt.Errorf("the Docker engine at %s, where DOCKER_HOST points, does not answer; that at %s does, and is not what was asked for (unset DOCKER_HOST to use it)", asked, host)
}

// here tells whether the engine at host publishes ports on this machine.
func here(host string) bool {
	u, err := url.Parse(host)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "unix", "npipe":
		return true
	}
	name := u.Hostname()
	return name == "localhost" || name == "::1" || strings.HasPrefix(name, "127.")
}
