package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// oldestAPI is the oldest version of the engine's API that the docker platform
// was tried with (Docker 20.10).
const oldestAPI = "1.41"

func lookDocker(ctx context.Context, m Machine, _ Needs) finding {
	e, err := m.Engine(ctx)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return finding{Missing, err.Error(), "the engine is there and this user may not use it: run as root, or usermod -aG docker USER and log in again"}
	case errors.Is(err, fs.ErrNotExist):
		return finding{state: Missing, found: err.Error()}
	case err != nil:
		return finding{Missing, err.Error(), "start it: systemctl start docker, or dockerd where there is no systemd"}
	}
	found := fmt.Sprintf("Docker %s, API %s, at %s", e.Version, e.APIVersion, e.Host)
	if !atLeast(e.APIVersion, oldestAPI) {
		return finding{Warn, found, "an API older than " + oldestAPI + " was not tried: update the engine"}
	}
	return finding{state: OK, found: found}
}

// atLeast compares versions like 1.41 by their numbers.
func atLeast(have, want string) bool {
	parts := func(v string) (major, minor int, ok bool) {
		a, b, _ := strings.Cut(v, ".")
		major, err1 := strconv.Atoi(a)
		minor, err2 := strconv.Atoi(b)
		return major, minor, err1 == nil && err2 == nil
	}
	h1, h2, ok := parts(have)
	w1, w2, _ := parts(want)
	return ok && (h1 > w1 || h1 == w1 && h2 >= w2)
}

// engineTimeout bounds the answer of an engine: it is asked on this machine.
const engineTimeout = 3 * time.Second

// engine asks the Docker engine for its version over the first socket that is
// there: where DOCKER_HOST points, else where Docker puts it.
func engine(ctx context.Context) (Engine, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix://" + firstThere(sockets())
	}
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	e, err := askEngine(ctx, host)
	e.Host = host
	if err != nil {
		return e, fmt.Errorf("the Docker engine at %s: %w", host, err)
	}
	return e, nil
}

// sockets is where an engine listens: root's, Docker Desktop's, a rootless one's.
func sockets() []string {
	paths := []string{"/var/run/docker.sock"}
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, filepath.Join(home, ".docker", "run", "docker.sock"))
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		paths = append(paths, filepath.Join(dir, "docker.sock"))
	}
	return paths
}

// firstThere is the first path that exists, else the first.
func firstThere(paths []string) string {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return paths[0]
}

// askEngine is GET /version.
func askEngine(ctx context.Context, host string) (e Engine, err error) {
	scheme, address, _ := strings.Cut(host, "://")
	network := map[string]string{"unix": "unix", "tcp": "tcp", "http": "tcp"}[scheme]
	if network == "" {
		return e, fmt.Errorf("DOCKER_HOST: cannot ask over %q, only over unix and tcp", scheme)
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, strings.TrimSuffix(address, "/"))
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/version", nil)
	if err != nil {
		return e, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return e, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return e, err
	}
	if response.StatusCode != http.StatusOK {
		return e, fmt.Errorf("GET /version: %s", response.Status)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("GET /version: %w", err)
	}
	if e.APIVersion == "" {
		return e, errors.New("GET /version: the answer has no ApiVersion; is this a Docker engine?")
	}
	return e, nil
}
