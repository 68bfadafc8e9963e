package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// localeChoices are the locales of a new cluster, best first: C collation sorts by code point and never changes with
// the system's libraries, which would break indexes; C.UTF-8 lets lower() and ILIKE know more letters than ASCII's,
// but not every system has it.
var localeChoices = [][]string{
	{"--locale=C", "--lc-ctype=C.UTF-8"},
	{"--locale=C"},
}

// ensureCluster creates the cluster unless there is one, and returns the password of the
// superuser.
func ensureCluster(ctx context.Context, cfg Config, f folder, p programs, who identity) (string, error) {
	if _, err := os.Stat(f.data()); err == nil {
		return f.readPassword()
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("look up the data: %w", err)
	}
	if err := removeUnfinished(f); err != nil {
		return "", err
	}
	password, err := f.writePassword(who)
	if err != nil {
		return "", err
	}
	var failures []error
	for _, locale := range localeChoices {
		err := initCluster(ctx, cfg, f, p, who, locale)
		if err == nil {
			return password, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("create the database: %w", errors.Join(failures...))
}

const unfinished = "data.unfinished-"

// removeUnfinished removes the files of an interrupted initdb.
func removeUnfinished(f folder) error {
	leftovers, _ := filepath.Glob(filepath.Join(f.dir, unfinished+"*")) // the only error is a malformed pattern
	for _, dir := range leftovers {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing an unfinished database: %w", err)
		}
	}
	return nil
}

// initCluster runs initdb in a temporary folder and renames it when it is complete.
func initCluster(ctx context.Context, cfg Config, f folder, p programs, who identity, locale []string) (err error) {
	dir, err := os.MkdirTemp(f.dir, unfinished)
	if err != nil {
		return fmt.Errorf("create the folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := who.own(dir); err != nil {
		return err
	}
	args := append([]string{
		"--username=postgres", "--pwfile=/dev/stdin", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums",
	}, locale...)
	if cfg.FsyncOff {
		args = append(args, "--no-sync")
	}
	if err := runInitdb(ctx, f, p, who, dir, args); err != nil {
		return err
	}
	return os.Rename(dir, f.data())
}

func runInitdb(ctx context.Context, f folder, p programs, who identity, dir string, args []string) error {
	cmd, hold, err := command(who, p.initdb(), dir, args...)
	if err != nil {
		return err
	}
	defer hold.Close() // a nil file may be closed
	password, err := os.Open(f.password())
	if err != nil {
		return fmt.Errorf("open the password: %w", err)
	}
	defer password.Close()
	output, err := os.CreateTemp(f.dir, "initdb.log-")
	if err != nil {
		return fmt.Errorf("create the log of initdb: %w", err)
	}
	defer os.Remove(output.Name())
	defer output.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = password, output, output

	child, err := launch(cmd, who)
	if err != nil {
		return err
	}
	select {
	case <-child.done:
	case <-ctx.Done():
		err := child.signal(syscall.SIGTERM)
		<-child.done
		return errors.Join(context.Cause(ctx), err)
	}
	if child.err != nil {
		printed, _ := os.ReadFile(output.Name())
		return fmt.Errorf("initdb: %w: %s", child.err, strings.TrimSpace(string(printed)))
	}
	return nil
}
