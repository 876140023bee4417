package topology

import (
	"os"
	"path/filepath"
	"testing"
)

// What only a person asks for is not part of the system under test, whatever
// the environment of that person says, and however much of it gauntlet could
// not run: a mounted folder of any other service is refused.
func TestAServiceOfAProfileIsNotStarted(t *testing.T) {
	path := write(t, `
name: shop
services:
  web:
    image: web
    ports: ["8080"]
  dashboard:
    profiles: [observe]
    image: dashboard
    environment: {WEB: "web:8080"}
    volumes: ["./dashboards:/dashboards:ro"]
`)
	for _, profiles := range []string{"", "observe", "*"} {
		t.Setenv("COMPOSE_PROFILES", profiles)
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), ".env"), []byte("COMPOSE_PROFILES="+profiles+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		stack, err := Load(t.Context(), path, Options{})
		if err != nil {
			t.Fatalf("COMPOSE_PROFILES=%s: %v", profiles, err)
		}
		if len(stack.Services) != 1 || stack.Services[0].Name != "web" || len(stack.Services[0].Edges) != 0 {
			t.Errorf("COMPOSE_PROFILES=%s: %+v", profiles, stack.Services)
		}
	}
}

// The reference system is what its experiments say that it is.
func TestTheReferenceSystemIsRedisAndTheMapper(t *testing.T) {
	stack, err := Load(t.Context(), filepath.Join("..", "..", "docker-compose.yml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Services) != 2 || stack.Services[0].Name != "redis" || stack.Services[1].Name != "mapper" {
		t.Errorf("%+v", stack.Services)
	}
}
