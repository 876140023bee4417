package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"gauntlet/harness/calibrate"
	"gauntlet/harness/calibrate/campaign"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
)

// making is what campaigns of runs have in common.
type making struct {
	calibration
	Within time.Duration `help:"Begin no run that would not be over by then; what is missing is made by the next call." placeholder:"DURATION"`
	Seed   int64         `help:"Seed from which those of the runs are derived." default:"1" placeholder:"N"`
}

// Validate refuses a time that is over before anything began: taken for none,
// it would let a script that came too late run for hours.
func (m making) Validate() error {
	if m.Within < 0 {
		return fmt.Errorf("--within=%s is no time to come; without it there is no limit", m.Within)
	}
	return nil
}

// count is how many runs of a row there are to be.
type count int

// mostRuns of a row: the seeds of the next row begin there.
const mostRuns = 1000

// Validate refuses what is no such number.
func (n count) Validate() error {
	if n < 0 || n > mostRuns {
		return fmt.Errorf("%d is not from 0 to %d", n, mostRuns)
	}
	return nil
}

// carry makes the runs of a ledger and shows its layer, or, where not all of its
// rows were asked for, those. experiments are the rows'.
func (m making) carry(ctx context.Context, file, layer string, rows []campaign.Row, experiments []*experiment.Experiment, some bool, std streams) error {
	out, _, err := m.folders()
	if err != nil {
		return err
	}
	jobs := make([]*prepared, len(rows))
	for i, e := range experiments {
		if jobs[i], err = prepare(ctx, e, "", []time.Duration{0}); err != nil {
			return err
		}
	}
	ledger, err := campaign.OpenLedger(filepath.Join(out, file))
	if errors.Is(err, campaign.ErrTaken) {
		return exit{exitUsage, err}
	}
	if err != nil {
		return err
	}
	// First of all: what a killed run has to undo may be in a folder that the
	// campaign, which takes it for no run, removes.
	lines, err := run.Reap(ctx)
	for _, line := range lines {
		fmt.Fprintln(std.err, "cleaned up after a killed run:", line)
	}
	if err != nil {
		return exit{exitUnclean, errors.Join(err, ledger.Close())}
	}
	missing, err := campaign.Carry(ctx, campaign.Options{
		Folder: campaign.Runs(out, file), Rows: rows, Within: m.Within, Now: time.Now, Progress: std.err,
		Seed: func(row, n int) int64 { return m.Seed + int64(mostRuns*row+n) },
		Run: func(ctx context.Context, row int, seed int64, to string) (run.Outcome, error) {
			return once(ctx, jobs[row], seed, to)
		},
	}, ledger)
	err = errors.Join(err, ledger.Close())
	if missing > 0 && err == nil {
		fmt.Fprintf(std.err, "%d runs are missing: the same command makes them\n", missing)
		err = exit{code: exitInconclusive}
	}
	var asked []string
	if some {
		for _, r := range rows {
			asked = append(asked, r.Name)
		}
	}
	return m.conclude(m.show(out, layer, asked, std), err)
}

// conclude is what a campaign ends with. What went wrong with making its runs
// weighs more than what came of them.
func (m making) conclude(shown, err error) error {
	var a, b exit
	if errors.As(err, &a) && a.err == nil && errors.As(shown, &b) && b.err == nil {
		return exit{code: worse(a.code, b.code)}
	}
	if errors.As(shown, &b) && b.err == nil && err != nil {
		return err
	}
	return errors.Join(err, shown)
}

// once carries out one run and says nothing about it. A run that is under way
// is waited for.
func once(ctx context.Context, j *prepared, seed int64, to string) (run.Outcome, error) {
	silent := streams{io.Discard, io.Discard}
	j, err := seeded(j, seed)
	if err != nil {
		return run.Outcome{}, err
	}
	o, done, err := (&runCommand{Out: to, Wait: true}).options(j, suite.Attempt{Seed: seed}, silent)
	if err != nil {
		return run.Outcome{}, err
	}
	defer done()
	return run.Run(ctx, o)
}

// seeded is the job with the seed for a server that follows a script.
func seeded(j *prepared, seed int64) (*prepared, error) {
	service := j.exp.Target.Service
	if _, ok := j.exp.Target.Env[service]["TRUTH_SCRIPT"]; !ok {
		return j, nil
	}
	path, value := "target.env."+service+".TRUTH_SEED", fmt.Sprintf("%q", fmt.Sprint(seed))
	exp, err := j.exp.With(map[string]string{path: value})
	if err != nil {
		return nil, err
	}
	with := *j
	with.exp, with.set = exp, append(with.set, path+"="+value)
	return &with, nil
}

// socketsCommand is the layer on sockets.
type socketsCommand struct {
	making
	Runs count    `help:"Of each row; those that were made before count." default:"2" placeholder:"N"`
	Rows []string `arg:"" optional:"" name:"experiment" help:"Only these of experiments/calibration." placeholder:"NAME"`
}

// Run makes what is missing of every row.
func (c *socketsCommand) Run(ctx context.Context, std streams) error {
	_, folder, err := c.folders()
	if err != nil {
		return err
	}
	sockets, err := calibrate.SocketsOf(c.Rows)
	if err != nil {
		return exit{exitUsage, err}
	}
	var rows []campaign.Row
	var experiments []*experiment.Experiment
	for _, s := range sockets {
		e, err := experiment.Read(filepath.Join(folder, s.Experiment+".yaml"))
		if err != nil {
			return err
		}
		rows, experiments = append(rows, campaign.SocketRow(s, int(c.Runs), e)), append(experiments, e)
	}
	return c.carry(ctx, campaign.SocketsFile, campaign.SocketsLayer, rows, experiments, len(c.Rows) > 0, std)
}

// healthyCommand is the false alarms.
type healthyCommand struct {
	making
	Runs     count `help:"Of healthy systems; those that were made before count." default:"300" placeholder:"N"`
	Controls count `help:"Runs of each control, which must FAIL." default:"3" placeholder:"N"`
}

// stressors is how many threads compute beside every other healthy run: twice as
// many as there are processors, so that none is ever free.
func stressors() int { return 2 * runtime.NumCPU() }

// Run makes what is missing of every row.
func (c *healthyCommand) Run(ctx context.Context, std streams) error {
	_, folder, err := c.folders()
	if err != nil {
		return err
	}
	healthy, err := experiment.Read(filepath.Join(folder, "healthy.yaml"))
	if err != nil {
		return err
	}
	burner, err := itself("burn", fmt.Sprintf("--workers=%d", stressors()))
	if err != nil {
		return err
	}
	var rows []campaign.Row
	var experiments []*experiment.Experiment
	for _, control := range healthy.Controls { // first: without them no run shows anything
		e, err := healthy.Control(control.Name)
		if err != nil {
			return exit{exitUsage, err}
		}
		rows, experiments = append(rows, campaign.ControlRow(e, int(c.Controls))), append(experiments, e)
	}
	rows, experiments = append(rows, campaign.HealthyRows(int(c.Runs), burner)...), append(experiments, healthy, healthy)
	return c.carry(ctx, campaign.HealthyFile, campaign.HealthyLayer, rows, experiments, false, std)
}

// defectsCommand is the defects that the target can be built with.
type defectsCommand struct {
	making
	Runs count    `help:"With each defect, and of each experiment without; those that were made before count." default:"1" placeholder:"N"`
	Only []string `arg:"" optional:"" name:"defect" help:"Only these defects, or those of these experiments of experiments/calibration/defects." placeholder:"NAME"`
}

// Run makes what is missing of every claim.
func (c *defectsCommand) Run(ctx context.Context, std streams) error {
	claims, err := c.claims()
	if err != nil {
		return err
	}
	if claims, err = campaign.Concerning(claims, c.Only); err != nil {
		return exit{exitUsage, err}
	}
	var rows []campaign.Row
	var experiments []*experiment.Experiment
	for _, claim := range claims {
		rows, experiments = append(rows, claim.Row(int(c.Runs))), append(experiments, claim.Experiment)
	}
	return c.carry(ctx, campaign.DefectsFile, campaign.DefectsLayer, rows, experiments, len(c.Only) > 0, std)
}
