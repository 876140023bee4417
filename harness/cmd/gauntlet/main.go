// Command gauntlet puts a system under load, breaks it, and decides from every
// request whether it recovered in time and lost nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"gauntlet/harness/calibrate/campaign"
	"gauntlet/harness/diagnostic"
	"gauntlet/harness/experiment"
	"gauntlet/harness/register"
	"gauntlet/harness/run"
)

// The exit codes, for pipelines.
const (
	exitPass           = 0
	exitFail           = 1
	exitUsage          = 2
	exitInfrastructure = 3
	exitInconclusive   = 4
	exitUnclean        = 5
	exitInterrupted    = 130
	exitTerminated     = 143
)

// cli is the command line; the words after help: are what --help shows.
type cli struct {
	Run       runCommand       `cmd:"" help:"Run experiments and suites, by name or file, and judge them."`
	List      listCommand      `cmd:"" help:"List the experiments and the suites of this tree."`
	Validate  validateCommand  `cmd:"" help:"Check the file of an experiment or a suite; show its timeline and what can be decided."`
	Schema    schemaCommand    `cmd:"" help:"Print the JSON Schema of the experiment file, for editors."`
	Judge     judgeCommand     `cmd:"" help:"Judge a run again from its logs, and print the result."`
	Report    reportCommand    `cmd:"" help:"Draw the page of a run, a suite or a comparison again from its result."`
	Compare   compareCommand   `cmd:"" help:"Compare two builds under the same faults (--builds), or two runs that were made."`
	Export    exportCommand    `cmd:"" help:"Write a run's requests to stdout in another format."`
	Calibrate calibrateCommand `cmd:"" help:"Measure how far off the harness itself is, where the truth is known."`
	Gc        gcCommand        `cmd:"" help:"Remove what killed runs left on this machine."`
	Doctor    doctorCommand    `cmd:"" help:"Tell what this machine can do, what is missing and how to get it."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
	Burn      burnCommand      `cmd:"" hidden:"" help:"Compute and hold memory beside a replica until stdin ends."`
	Echo      echoCommand      `cmd:"" hidden:"" help:"Answer the control stream of a run until stdin ends."`
	Link      linkCommand      `cmd:"" hidden:"" help:"Be the edge proxy of a run until stdin ends."`
}

// streams are where a command reads nothing and writes everything: its result
// to out, its progress to err.
type streams struct{ out, err io.Writer }

// exit is an error that says with which code to end; a nil err is said
// already.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}
func (e exit) Unwrap() error { return e.err }

func main() { os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr)) }

// Main runs the command line args and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	stdout, stderr = outlet{stdout}, outlet{stderr}
	var c cli
	ended := -1 // set by --help, which kong ends by itself
	parser, err := kong.New(&c,
		kong.Name("gauntlet"),
		kong.Description("Load and faults in one file, recovery measured with an interval, and a verdict: PASS, FAIL or INCONCLUSIVE.\n\nExit codes: 0 pass, 1 fail, 2 usage or invalid experiment, 3 the machine's fault (the system could not be brought up, a disk is full), 4 inconclusive, 5 something could not be cleaned up, 130/143 interrupted."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { ended = code }),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(stderr, "gauntlet:", err)
		return exitUsage
	}
	if i := slices.IndexFunc(args, empty); i >= 0 {
		fmt.Fprintf(stderr, "gauntlet: argument %d (%s) is empty\n  hint: a variable that has no value? leave the flag out, or give it one\n", i+1, strings.Join(args[max(0, i-1):i+1], " "))
		return exitUsage
	}
	command, err := parser.Parse(args)
	if ended >= 0 {
		return ended
	}
	if err != nil {
		fmt.Fprintf(stderr, "gauntlet: %v\n  hint: gauntlet --help\n", err)
		return exitUsage
	}
	ctx, stop := interruptible(stderr)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	return report(command.Run(streams{stdout, stderr}), stderr)
}

// empty says that arg, or the value of the flag that it is, is the empty text:
// no flag means that. A folder would be the current one, a control none.
func empty(arg string) bool {
	return arg == "" || strings.HasPrefix(arg, "--") && strings.IndexByte(arg, '=') == len(arg)-1
}

// interruptible is a context that a signal cancels, with the signal as its
// cause. Further signals while cleaning up change nothing: what is undone
// halfway is what must never be left behind.
func interruptible(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	// A reader that is gone (… | head) makes writing fail, which is the outlet's to
	// bear; it must not end the process in the middle of a fault. Notify, not Ignore: children would inherit
	// the latter.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			if ctx.Err() == nil {
				name := map[os.Signal]string{syscall.SIGINT: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP"}[s]
				fmt.Fprintf(stderr, "\n%s: undoing the faults and stopping the system…\n", name)
				cancel(run.ErrInterrupted{Name: name})
			} else {
				fmt.Fprintln(stderr, "still cleaning up (some minutes at most); what a kill would leave is removed by the next start, or by `gauntlet gc`")
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel(nil) }
}

// report says what err is and returns the exit code for it.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitPass
	}
	var e exit
	if errors.As(err, &e) {
		if e.err != nil {
			fmt.Fprintf(stderr, "gauntlet: %v\n", e.err)
		}
		return e.code
	}
	fmt.Fprintln(stderr, paragraphs(err))
	return codeOf(err)
}

// codeOf is the exit code for an error: what is wrong with a file, a flag or
// a name is the caller's to mend, everything else the machine's.
func codeOf(err error) int {
	var signalled run.ErrInterrupted
	var running *register.RunningError
	var mistake *run.Mistake
	var unclean *campaign.UncleanError
	var told exit
	switch {
	case errors.As(err, &unclean):
		return exitUnclean
	case errors.As(err, &told):
		return told.code
	case errors.As(err, &signalled) && signalled.Name == "SIGINT":
		return exitInterrupted
	case errors.As(err, &signalled):
		return exitTerminated
	case len(diagnostic.All(err)) > 0, errors.As(err, &running), errors.As(err, &mistake), errors.Is(err, experiment.ErrNotFound):
		return exitUsage
	}
	return exitInfrastructure
}
