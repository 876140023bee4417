package topology

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
)

// write puts a Compose file into a folder of its own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker-compose.yml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const shop = `
name: shop
services:
  web:
    build: {context: ./web}
    command: [serve]
    ports: ["127.0.0.1::8080", "9000"]
    scale: 3
    cpus: 0.1
    mem_limit: 64m
    stop_grace_period: 3s
    labels: {app: web}
    environment: {PEERS: "web:8080", STORE: "redis://redis:6379/0", BOTH: "redis:6379, web:9000", NAME: "${NAME:-none}"}
    depends_on:
      redis: {condition: service_healthy}
    volumes: ["data:/data"]
    x-ready: {http: /readyz}
    x-local:
      package: ./web/cmd
      args: [--name, "{replica}"]
      env: {LISTEN: "127.0.0.1:{port:8080}", DIR: "{volume:/data}/x", WORKERS: 4}
  redis:
    image: redis:7.2
    expose: ["6379", "7000-7001"]
    x-ready: {send: "PING\r\n", expect: "+PONG"}
    x-local:
      command: [redis-server, --port, "{port:6379}"]
      substitute: {package: ./redis/cmd}
volumes:
  data:
`

func TestLoadReadsTheWholeService(t *testing.T) {
	path := write(t, shop)
	stack, err := Load(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	want := Stack{Name: "shop", File: path, Dir: dir, Services: []Service{{
		Name: "redis", Image: "redis:7.2", Env: map[string]string{}, Labels: map[string]string{},
		Replicas: 1, Ports: []int{6379, 7000, 7001}, StopGrace: 10 * time.Second,
		Ready: Ready{Send: "PING\r\n", Expect: "+PONG"},
		Local: &Local{Command: []string{"redis-server", "--port", "{port:6379}"}, Env: map[string]string{},
			Substitute: &Local{Package: "./redis/cmd", Env: map[string]string{}}},
	}, {
		Name: "web", Build: &Build{Context: filepath.Join(dir, "web"), Dockerfile: "Dockerfile", Args: map[string]string{}},
		Command:  []string{"serve"},
		Env:      map[string]string{"PEERS": "web:8080", "STORE": "redis://redis:6379/0", "BOTH": "redis:6379, web:9000", "NAME": "none"},
		Labels:   map[string]string{"app": "web"},
		Replicas: 3, Ports: []int{8080, 9000}, Volumes: []Volume{{Name: "data", Target: "/data"}},
		DependsOn: []Dependency{{Service: "redis", Healthy: true}}, Ready: Ready{HTTP: "/readyz"},
		CPUs: 0.1, Memory: 64 << 20, StopGrace: 3 * time.Second,
		Local: &Local{Package: "./web/cmd", Args: []string{"--name", "{replica}"},
			Env: map[string]string{"LISTEN": "127.0.0.1:{port:8080}", "DIR": "{volume:/data}/x", "WORKERS": "4"}},
		Edges: []Edge{
			{From: "web", To: "redis", Port: 6379, Env: "BOTH"}, {From: "web", To: "web", Port: 9000, Env: "BOTH"},
			{From: "web", To: "web", Port: 8080, Env: "PEERS"}, {From: "web", To: "redis", Port: 6379, Env: "STORE"},
		},
	}}}
	if len(stack.Services) != 2 {
		t.Fatalf("services: %+v", stack.Services)
	}
	for i := range stack.Services {
		if !reflect.DeepEqual(normal(stack.Services[i]), normal(want.Services[i])) {
			t.Errorf("got\n%+v\nwant\n%+v", normal(stack.Services[i]), normal(want.Services[i]))
		}
	}
	stack.Services, want.Services = nil, nil
	if !reflect.DeepEqual(stack, want) {
		t.Errorf("got %+v, want %+v", stack, want)
	}
}

// normal makes empty slices nil, which mean the same.
func normal(s Service) Service {
	if len(s.Command) == 0 {
		s.Command = nil
	}
	if len(s.Entrypoint) == 0 {
		s.Entrypoint = nil
	}
	if s.Local != nil && s.Local.Substitute != nil && len(s.Local.Substitute.Args) == 0 {
		s.Local.Substitute.Args = nil
	}
	return s
}

func TestTheExperimentIsSaidLast(t *testing.T) {
	stack, err := Load(t.Context(), write(t, shop), Options{
		Env:  map[string]map[string]string{"web": {"LISTEN": "0.0.0.0:1", "STORE": "other:1"}},
		Args: map[string][]string{"web": {"--defect=x"}, "redis": {"--slow"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	redis, web := stack.Services[0], stack.Services[1]
	if web.Env["LISTEN"] != "0.0.0.0:1" || web.Local.Env["LISTEN"] != "" {
		t.Errorf("LISTEN: %q, local %q", web.Env["LISTEN"], web.Local.Env["LISTEN"])
	}
	for name, got := range map[string][]string{
		"command serve --defect=x":                     append([]string{"command"}, web.Command...),
		"args --name {replica} --defect=x":             append([]string{"args"}, web.Local.Args...),
		"redis --slow":                                 append([]string{"redis"}, redis.Command...),
		"local redis-server --port {port:6379} --slow": append([]string{"local"}, redis.Local.Command...),
		"substitute --slow":                            append([]string{"substitute"}, redis.Local.Substitute.Args...),
	} {
		if strings.Join(got, " ") != name {
			t.Errorf("got %q, want %q", strings.Join(got, " "), name)
		}
	}
	for _, e := range web.Edges {
		if e.Env == "STORE" {
			t.Errorf("the edge of an overridden variable stayed: %+v", e)
		}
	}
}

func TestWhatACommandNeeds(t *testing.T) {
	stack, err := Load(t.Context(), write(t, "services:\n  a:\n    image: x\n    x-local: {command: [sh, -c, nginx], needs: {nginx: nginx-light, webdis: null}}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stack.Services[0].Local.Needs, map[string]string{"nginx": "nginx-light", "webdis": "webdis"}; !reflect.DeepEqual(got, want) {
		t.Errorf("needs %v, want %v", got, want)
	}
}

func TestUnknownServiceOfAnExperiment(t *testing.T) {
	_, err := Load(t.Context(), write(t, shop), Options{
		Env: map[string]map[string]string{"wbe": {"A": "b"}}, Args: map[string][]string{"db": {"x"}}})
	var unknown *UnknownServiceError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{`target.env: `, `has no service "wbe"`, `target.args: `, `has no service "db"`, "redis, web"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestDotEnvBesideTheFileIsRead(t *testing.T) {
	path := write(t, shop)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), ".env"), []byte("NAME=from-dot-env\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	name := func() string {
		stack, err := Load(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return stack.Services[1].Env["NAME"]
	}
	if got := name(); got != "from-dot-env" {
		t.Errorf("NAME is %q", got)
	}
	t.Setenv("NAME", "from the environment")
	if got := name(); got != "from the environment" {
		t.Errorf("NAME is %q: the environment goes over .env", got)
	}
}

// A mistake is shown where it is made, and says what to do.
func TestMistakes(t *testing.T) {
	const head = "services:\n  a:\n    image: x\n    ports: [\"80\"]\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown field of x-local":    {head + "    x-local: {package: ./a, arg: [b]}\n", `:5:29: unknown field "arg" in x-local|did you mean "args"?`},
		"unknown field of x-ready":    {head + "    x-ready:\n      htp: /\n", `:6:7: unknown field "htp" in x-ready|did you mean "http"?`},
		"misspelt extension":          {head + "    x-locla: {package: ./a}\n", `:5:5: unknown extension "x-locla"|did you mean "x-local"?`},
		"nothing to run":              {head + "    x-local: {}\n", `:5:5: neither package nor command|add package`},
		"both":                        {head + "    x-local: {package: ./a, command: [b]}\n", `:5:5: package and command exclude`},
		"needs of a package":          {head + "    x-local: {package: ./a, needs: {b: c}}\n", `:5:29: needs belong to command`},
		"needs that are a list":       {head + "    x-local: {command: [a], needs: [b]}\n", `:5:29: needs is not a mapping`},
		"a shell command":             {head + "    x-local: {command: run it}\n", `:5:15: command is not a list|no shell`},
		"a flag as package":           {head + "    x-local: {package: -toolexec=x}\n", `:5:15: "-toolexec=x" is not a package`},
		"substitute of a package":     {head + "    x-local: {package: ./a, substitute: {package: ./b}}\n", `:5:29: a substitute stands in`},
		"substitute of a substitute":  {head + "    x-local: {command: [a], substitute: {command: [b], substitute: {}}}\n", `unknown field "substitute" in substitute`},
		"unknown placeholder":         {head + "    x-local:\n      package: ./a\n      args:\n        - a\n        - \"{prot:80}\"\n", `:9:11: bad placeholder {prot:80}: did you mean "port"?`},
		"a volume not mounted":        {head + "    x-local: {package: ./a, env: {D: \"{volume:/d}\"}}\n", `:5:35: {volume:/d}: service a mounts no volume at /d`},
		"a path that is none":         {head + "    x-ready: {http: readyz}\n", `:5:15: "readyz" is not a path`},
		"send without expect":         {head + "    x-ready: {send: PING}\n", `:5:5: send without expect`},
		"ready without port":          {"services:\n  a:\n    image: x\n    x-ready: {http: /}\n", `:4:5: x-ready asks on the service's first port`},
		"a nested value":              {head + "    x-local: {package: ./a, env: {A: [1]}}\n", `:5:35: A: [1] is not a text`},
		"unknown field of Compose":    {head + "    colour: red\n", `:5:5: services.a.colour is not a field of a Compose file`},
		"unknown field at the top":    {"servces:\n  a: {image: x}\n", `:1:1: additional properties 'servces' not allowed|did you mean "services"?`},
		"unknown dependency":          {head + "    depends_on: [b]\n", `:2:3: service "a" depends on undefined service "b"`},
		"a cycle":                     {"services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n", `dependency cycle detected: a -> b -> a`},
		"a wrong type":                {head + "    deploy: {replicas: -1}\n", `:5:14: services.a.deploy.replicas: must be greater`},
		"an open variable":            {"services:\n  a:\n    image: \"${X\"\n", `:3:5: invalid interpolation format|$$`},
		"no YAML":                     {"services:\n  a:\n    image: x\n   b: 3\n", `:4:`},
		"a key twice":                 {head + "    image: y\n", `:5:`},
		"an unlisted volume":          {head + "    volumes: [\"dd:/d\"]\n", `:2:3: service "a" refers to undefined volume dd`},
		"a bind mount":                {head + "    volumes: [\"./d:/d\"]\n", `:5:15: service a mounts a bind at /d`},
		"a file out of the file":      {head + "    configs: [c]\nconfigs:\n  c: {content: x}\n", `:5:5: service a has configs, which gauntlet does not carry out|from its environment`},
		"a secret":                    {head + "    secrets: [s]\nsecrets:\n  s: {file: ./s}\n", `:5:5: service a has secrets`},
		"a file system in memory":     {head + "    tmpfs: /t\n", `:5:5: service a has tmpfs|named volume`},
		"the host's network":          {head + "    network_mode: host\n", `:5:5: service a has network_mode`},
		"another signal to end by":    {head + "    stop_signal: SIGQUIT\n", `:5:5: service a has stop_signal|SIGTERM`},
		"what nothing here can do":    {head + "    ulimits: {nofile: 1024}\n    sysctls: {net.core.somaxconn: 1}\n", `:5:5: service a has ulimits, which gauntlet does not carry out|:6:5: service a has sysctls|take it out`},
		"a stage of a build":          {head + "    build:\n      context: .\n      target: debug\n", `:7:7: service a has target, which`},
		"every node":                  {head + "    deploy: {mode: global}\n", `:5:14: service a has mode, which`},
		"a limit of processes":        {head + "    deploy:\n      resources:\n        limits: {pids: 5}\n", `:7:18: service a has pids, which`},
		"another name on the network": {head + "    networks: {default: {aliases: [b]}}\n", `:5:26: service a has aliases, which|by their names`},
		"a volume that is there":      {head + "    volumes: [\"d:/d\"]\nvolumes:\n  d: {external: true}\n", `:7:7: volume d has external, which|empty`},
		"a port of UDP":               {"services:\n  a:\n    image: x\n    ports: [\"80\", \"53:53/udp\"]\n", `:4:19: service a publishes a port of udp|need not be published`},
		"a service that ends":         {head + "    depends_on:\n      b: {condition: service_completed_successfully}\n  b: {image: y}\n", `:6:7: service a waits for the end of b|before it serves`},
		"a part of a volume":          {head + "    volumes:\n      - type: volume\n        source: d\n        target: /d\n        volume: {subpath: e}\nvolumes: {d: {}}\n", `:9:18: service a has subpath, which`},
		"a port that is none":         {head + "    expose: [\"http\"]\n", `:5:14: "http" is not a TCP port`},
		"an empty file":               {"", `empty compose file`},
		"no services":                 {"services: {}\n", `:1:1: the file has no services`},
		"an alias names the original": {"x-base: &base {package: ./a, arg: 1}\nservices:\n  a:\n    image: x\n    x-local: *base\n", `:1:30: unknown field "arg"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.text)
			_, err := Load(t.Context(), path, Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if len(diagnostic.All(err)) == 0 {
				t.Errorf("not a diagnostic: %v", err)
			}
			got := strings.ReplaceAll(err.Error(), path, "")
			for want := range strings.SplitSeq(c.want, "|") {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%s\nwithout %q", got, want)
				}
			}
		})
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	_, err := Load(t.Context(), "nowhere/docker-compose.yml", Options{})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere/docker-compose.yml") {
		t.Errorf("got %v", err)
	}
}

func TestLoadCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, write(t, "services: [a]"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The reference system's own file says what the experiments rely on.
func TestTheReferenceSystem(t *testing.T) {
	stack, err := Load(t.Context(), "../../docker-compose.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Services) != 2 || stack.Services[0].Name != "redis" || stack.Services[1].Name != "mapper" {
		t.Fatalf("services: %+v", stack.Services)
	}
	redis, mapper := stack.Services[0], stack.Services[1]
	if redis.Labels["app"] != "redis" || mapper.Labels["app"] != "mapper" || mapper.Replicas != 3 {
		t.Errorf("labels %v, %v; %d mappers", redis.Labels, mapper.Labels, mapper.Replicas)
	}
	if redis.Local.Substitute == nil || mapper.Local.Package != "./targets/mapper/cmd/mapper" {
		t.Errorf("x-local: %+v, %+v", redis.Local, mapper.Local)
	}
	want := []Edge{{From: "mapper", To: "mapper", Port: 8080, Env: "MAPPER_PEERS"}, {From: "mapper", To: "redis", Port: 6379, Env: "MAPPER_REDIS"}}
	if !reflect.DeepEqual(mapper.Edges, want) {
		t.Errorf("edges %+v", mapper.Edges)
	}
}

// A program or an image takes the place of what the file would run, with the
// words that it would have had; what builds or substitutes it is gone.
func TestABuildTakesThePlaceOfAnother(t *testing.T) {
	path := write(t, `
services:
  mapper:
    image: mapper
    build: .
    ports: ["8080"]
    x-local: {package: ./cmd/mapper, args: ["--port={port:8080}"]}
  redis:
    image: redis
    ports: ["6379"]
    x-local: {command: [redis-server, --port, "{port:6379}"], substitute: {package: ./cmd/redis}}
`)
	stack, err := Load(context.Background(), path, Options{
		Args: map[string][]string{"mapper": {"--loud"}}, Programs: map[string]string{"mapper": "/b/mapper", "redis": "/b/redis"}, Images: map[string]string{"mapper": "mapper:b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"mapper": {"/b/mapper", "--port={port:8080}", "--loud"}, "redis": {"/b/redis", "--port", "{port:6379}"}} {
		l := stack.service(name).Local
		if !reflect.DeepEqual(l.Command, want) || l.Package != "" || len(l.Args) > 0 || l.Substitute != nil {
			t.Errorf("%s runs %+v, want %q", name, l, want)
		}
	}
	if s := stack.service("mapper"); s.Image != "mapper:b" || s.Build != nil {
		t.Errorf("the image is %s, built by %+v", s.Image, s.Build)
	}
	var unknown *UnknownServiceError
	if _, err := Load(context.Background(), path, Options{Programs: map[string]string{"mappr": "/b"}}); !errors.As(err, &unknown) {
		t.Errorf("a program of no service: %v", err)
	}
}

// Whatever a Compose file holds, it is a system or a mistake with its place.
func FuzzLoad(f *testing.F) {
	f.Add(shop)
	f.Add("services: {a: {image: x, ports: [99999], x-local: {command: [a]}}}\n")
	f.Add("services:\n  a: &a {image: x}\n  b: {<<: *a, depends_on: [a], volumes: [\"d:/d\"], deploy: {replicas: -1}}\nvolumes: {d: }\n")
	f.Add("services: [a]\nx: ${UNSET:?no}\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, other := range []string{"include", "extends", "env_file", "file"} {
			if strings.Contains(text, other) {
				return // it would read other files
			}
		}
		path := filepath.Join(t.TempDir(), "docker-compose.yml")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		stack, err := Load(ctx, path, Options{})
		if ctx.Err() != nil {
			t.Fatalf("it does not end: %q", text)
		}
		if err == nil && len(stack.Services) == 0 {
			t.Errorf("a system without services: %q", text)
		}
		if err != nil && len(diagnostic.All(err)) == 0 {
			t.Errorf("%q: no diagnostic: %v", text, err)
		}
	})
}
