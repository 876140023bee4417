package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
)

func TestLinkServesUntilStdinEndsOrASignal(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		end  func(*process, io.Closer)
	}{
		{"stdin", nil, func(_ *process, stdin io.Closer) { stdin.Close() }},
		{"signal", []string{"--ignore-stdin"}, func(proxy *process, stdin io.Closer) {
			stdin.Close()
			proxy.signal(syscall.SIGTERM)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("gauntlet", append([]string{"link"}, c.args...)...)
			cmd.Env = append(os.Environ(), link.TokenVariable+"=secret")
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			proxy := start(t, cmd)
			line := make([]byte, 64)
			n, err := stdout.Read(line)
			if err != nil {
				t.Fatalf("it printed no address: %v\n%s", err, proxy)
			}
			control := link.Dial(strings.TrimSpace(string(line[:n])), "secret")
			defer control.Close()
			pair := link.Pair{Source: link.Client, Destination: "d", Port: 1}
			address, err := control.Open(t.Context(), link.Opening{Pair: pair, Listen: "127.0.0.1:0", Target: "127.0.0.1:1"})
			if err != nil {
				t.Fatal(err)
			}
			if all, err := control.Counters(t.Context()); err != nil || len(all) != 1 {
				t.Errorf("%v, %v", all, err)
			}
			c.end(proxy, stdin)
			proxy.until(t, "its end", time.Minute, proxy.over)
			if code := proxy.end(); code != exitPass {
				t.Errorf("exit code %d\n%s", code, proxy)
			}
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				t.Error("its link still listens")
			}
		})
	}
}

func TestLinkWantsAToken(t *testing.T) {
	t.Setenv(link.TokenVariable, "")
	var out, err bytes.Buffer
	if code := Main([]string{"link"}, &out, &err); code != exitInfrastructure || !strings.Contains(err.String(), link.TokenVariable) {
		t.Errorf("exit code %d, %s", code, err.String())
	}
}
