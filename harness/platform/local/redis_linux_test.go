package local

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// The reference system's Redis, the real one and the substitute, comes up as
// the Compose file says and keeps over a SIGKILL what it acknowledged.
func TestRedisOfTheReferenceSystem(t *testing.T) {
	for name, substitute := range map[string]bool{"real": false, "substitute": true} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath("redis-server"); err != nil && !substitute {
				lacks(t, "redis-server is not installed: apt-get install redis-server")
			}
			system, err := topology.Load(t.Context(), "../../../docker-compose.yml", topology.Options{})
			if err != nil {
				t.Fatal(err)
			}
			system.Services = system.Services[:1]
			o := options(t)
			o.ForceSubstitute = substitute
			s := up(t, o, system)
			if got := len(s.Substitutes()) == 1; got != substitute {
				t.Errorf("substitutes: %q", s.Substitutes())
			}
			before := view(t, s, "redis-1")
			if got := ask(t, before, "SET key value"); got != "+OK" {
				t.Fatalf("SET: %q", got)
			}
			if err := s.Kill(t.Context(), "redis-1", 0); err != nil {
				t.Fatal(err)
			}
			eventually(t, "redis-1 is back", func() bool {
				now := view(t, s, "redis-1")
				return now.Incarnation != before.Incarnation && platform.Probe(t.Context(), now) == nil
			})
			if got := ask(t, before, "STRLEN key"); got != ":5" {
				t.Errorf("after a SIGKILL the key is %q", got)
			}
		})
	}
}

// ask sends an inline command and returns the first line of the answer.
func ask(t *testing.T, r platform.Replica, command string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", r.Address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "%s\r\n", command)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
