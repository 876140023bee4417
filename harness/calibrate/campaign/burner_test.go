package campaign

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gauntlet/harness/platform/burn"
)

// TestMain lets this test's binary be the burner.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "be-a-burner":
			if err := burn.Serve(os.Stdin, os.Stdout, burn.Work{Workers: 1, Load: 10}); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "be-another":
			fmt.Println("something else")
			os.Exit(0)
		case "be-no-burner":
			os.Exit(3)
		}
	}
	os.Exit(m.Run())
}

func itself(t *testing.T, what string) []string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self, what}
}

// One that dies by itself is found out: the run was not beside it.
func TestABurnerThatEndsTooEarly(t *testing.T) {
	b, err := startBurner(t.Context(), itself(t, "be-a-burner"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil { // the control: one that burns to the end
		t.Error(err)
	}
	if err := b.Close(); err == nil || !strings.Contains(err.Error(), "ended before the run") {
		t.Errorf("%v", err)
	}
	for _, what := range []string{"be-no-burner", "be-another"} {
		if _, err := startBurner(t.Context(), itself(t, what)); err == nil {
			t.Errorf("%s is taken for a burner", what)
		}
	}
}
