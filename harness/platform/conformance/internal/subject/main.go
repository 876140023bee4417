// Command subject is the service that platforms are tested with: it answers
// what it is asked about itself, and misbehaves when told to.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	var (
		fail       = flag.String("fail", "", "print this and exit with status 1")
		unready    = flag.Bool("unready", false, "never be ready")
		ignoreTerm = flag.Bool("ignore-term", false, "do not end on SIGTERM")
		dieAfter   = flag.Duration("die-after", 0, "exit with status 3 after this long")
		child      = flag.String("child", "", `start a child that sleeps: "group" within our process group, "session" outside of it`)
		spin       = flag.Bool("spin", false, "compute as much as one processor can")
		sleep      = flag.Bool("sleep", false, "be such a child")
	)
	flag.Parse()
	log.SetFlags(0)
	name := os.Getenv("HOSTNAME")
	switch {
	case *sleep:
		time.Sleep(10 * time.Minute) // the tests that start it see to its end long before
		return
	case *fail != "":
		for i := range 25 {
			log.Printf("line %d", i+1)
		}
		log.Fatal(*fail)
	}
	log.Printf("%s runs as process %d", name, os.Getpid())
	if *child != "" {
		startChild(*child)
	}
	if dir := os.Getenv("SUBJECT_DIR"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if *spin {
		go func() {
			for x := 1; x != 0; x += 2 { // an odd number is never 0
			}
		}()
	}
	if *dieAfter > 0 {
		time.AfterFunc(*dieAfter, func() { os.Exit(3) })
	}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	go func() {
		for range terminate {
			log.Printf("%s was asked to end", name)
			if !*ignoreTerm {
				os.Exit(0)
			}
		}
	}()
	log.Fatal(http.ListenAndServe(os.Getenv("SUBJECT_LISTEN"), routes(*unready)))
}

// startChild starts a process that does nothing, and prints its pid.
func startChild(where string) {
	cmd := exec.Command(os.Args[0], "-sleep")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: where == "session"}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	log.Printf("child %d", cmd.Process.Pid)
}

func routes(unready bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if unready {
			http.Error(w, "never", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /env/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(r.PathValue("name")))
	})
	asker := http.Client{Timeout: 2 * time.Second}
	mux.HandleFunc("GET /ask/{name}", func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer, err := asker.Get("http://" + os.Getenv(r.PathValue("name")) + "/env/HOSTNAME")
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		defer answer.Body.Close()
		name, err := io.ReadAll(answer.Body)
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		fmt.Fprintf(w, "%s after %d", name, time.Since(begin))
	})
	mux.HandleFunc("GET /exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("GET /files", func(w http.ResponseWriter, _ *http.Request) {
		entries, err := os.ReadDir(os.Getenv("SUBJECT_DIR"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		for _, e := range entries {
			fmt.Fprintln(w, e.Name())
		}
	})
	return mux
}
