package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/calibrate"
	"gauntlet/harness/calibrate/campaign"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// calibrateCommand measures the harness itself.
type calibrateCommand struct {
	Seeded  seededCommand       `cmd:"" help:"Seeded histories with a known truth, straight into the judge."`
	Sockets socketsCommand      `cmd:"" help:"Runs against servers that follow a script, compared with their own logs."`
	Healthy healthyCommand      `cmd:"" help:"Runs with which nothing is wrong, half of them beside CPU stress: none may FAIL."`
	Defects defectsCommand      `cmd:"" help:"Runs of a system that is built wrong on purpose: each defect must be caught by the objective that names it."`
	Report  calibrationsCommand `cmd:"" help:"Draw the page of what was measured so far."`
}

// calibration is where what comes of it is kept.
type calibration struct {
	Out string `help:"Folder of all that comes of it; default: reports/calibration beside experiments/." type:"path" placeholder:"DIR"`
}

// folders are the folder of what comes of it, which is made, and that of the
// experiments.
func (c calibration) folders() (out, experiments string, err error) {
	dir, err := experiment.Folder()
	if err != nil {
		return "", "", exit{exitUsage, err}
	}
	out = c.Out
	if out == "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return "", "", err
		}
		out = filepath.Join(filepath.Dir(dir), "reports", "calibration")
	}
	return out, filepath.Join(dir, "calibration"), os.MkdirAll(out, 0o755)
}

// claims are what must come of the experiments with defects, and without.
func (c calibration) claims() ([]campaign.Claim, error) {
	dir, err := experiment.Folder()
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return campaign.ReadClaims(filepath.Join(dir, "calibration"))
}

// show draws the page and prints the table of a layer, of all for "", or of it
// only the rows asked for. Its error is an exit code: FAIL when one of these
// does not hold, INCONCLUSIVE when one was not measured.
func (c calibration) show(out, layer string, asked []string, std streams) error {
	claims, err := c.claims()
	if err != nil {
		return err
	}
	all, err := campaign.Report(out, claims)
	if err != nil {
		return err
	}
	if len(asked) > 0 {
		all = all.Only(layer, asked)
	}
	if err := reports.CalibrationTerminal(std.out, all, layer, campaign.Page(out), colored(std.out)); err != nil {
		return err
	}
	code := exitInconclusive
	for _, l := range all.Layers {
		if layer != "" && l.Name != layer {
			continue
		}
		code = exitPass
		for _, r := range l.Rows {
			switch {
			case r.Runs == 0:
				code = worse(code, exitInconclusive)
			case !r.Holds():
				code = worse(code, exitFail)
			}
		}
	}
	return exit{code: code}
}

// seededCommand is the deterministic layer.
type seededCommand struct {
	calibration
	Noise string `help:"Folder of the recordings of busy hosts whose noise is replayed." type:"existingdir" placeholder:"DIR"`
	Times int    `help:"Play so many times as many histories as the tests do." default:"1" placeholder:"N"`
}

// mostTimes is some hours of a core, and what came of so many is still in memory.
const mostTimes = 1000

// Run plays every row, with the judges that are wrong on purpose.
func (c *seededCommand) Run(ctx context.Context, std streams) error {
	if c.Times < 1 || c.Times > mostTimes {
		return exit{exitUsage, fmt.Errorf("--times is from 1 to %d", mostTimes)}
	}
	out, experiments, err := c.folders()
	if err != nil {
		return err
	}
	recordings, err := readRecordings(c.Noise)
	if err != nil {
		return exit{exitUsage, err}
	}
	began := time.Now().UTC().Format(time.RFC3339)
	layer := reports.CalibrationLayer{Name: campaign.SeededLayer, About: "requests of runs that could have been, straight into the judge; the truth is what made them", From: began, Commits: []string{run.Commit(ctx, experiments)}}
	for _, r := range calibrate.Rows(nil, recordings) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wrongs := calibrate.WrongsOf(calibrate.Wrongs(), r.Name)
		got, controls := r.Play(0, r.Runs*c.Times, wrongs...)
		fmt.Fprintf(std.err, "%-45s %s\n", r.Name, got)
		layer.Rows = append(layer.Rows, calibrate.Describe(r.Name, r.Goal, got, wrongs, controls))
	}
	layer.To = time.Now().UTC().Format(time.RFC3339)
	if err := campaign.SaveSeeded(out, layer); err != nil {
		return err
	}
	return c.show(out, layer.Name, nil, std)
}

func readRecordings(dir string) ([]*calibrate.Recording, error) {
	if dir == "" {
		return nil, nil
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "ops.log"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s: no recording in it", dir)
	}
	var all []*calibrate.Recording
	for _, path := range paths {
		r, readErr := calibrate.ReadRecording(filepath.Dir(path))
		if readErr != nil {
			return nil, readErr
		}
		all = append(all, r)
	}
	return all, err
}

// calibrationsCommand draws the page again.
type calibrationsCommand struct{ calibration }

// Run draws it from the folder alone.
func (c *calibrationsCommand) Run(std streams) error {
	out, _, err := c.folders()
	if err != nil {
		return err
	}
	return c.show(out, "", nil, std)
}
