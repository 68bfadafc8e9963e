package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest version of Postgres that the SQL of the services supports.
const oldestMajor = 14

// programs is one installation of Postgres.
type programs struct {
	dir   string // contains initdb and postgres
	major int
}

func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }
func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }

// installations lists the folders that packages install the programs into, outside PATH.
var installations = []string{
	"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                        // the PostgreSQL project's RPMs
	"/usr/libexec/postgresql*",                                // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                      // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                         // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                                    // built from source
}

// findPrograms returns the programs for a cluster of the given major version; 0 means a new
// cluster, which gets the newest one. Programs on the machine are preferred to downloaded
// ones.
func findPrograms(ctx context.Context, cfg Config, who identity, major int) (programs, error) {
	var passedOver []string
	if !cfg.FetchOnly {
		found, skipped := localPrograms(ctx, cfg, who)
		if ctx.Err() != nil {
			return programs{}, context.Cause(ctx)
		}
		passedOver = skipped
		for _, p := range found {
			if major == 0 || p.major == major {
				return p, nil
			}
			passedOver = append(passedOver, fmt.Sprintf("%s is version %d", p.dir, p.major))
		}
	}
	if cfg.ProgramsDir != "" {
		return programs{}, fmt.Errorf("no usable postgres in %s%s", cfg.ProgramsDir, wanted(major, passedOver))
	}
	if major != 0 && major != fetchedMajor {
		return programs{}, fmt.Errorf("the database in %s was created by Postgres %d: install that version, or start with another data folder%s",
			cfg.DataDir, major, wanted(major, passedOver))
	}
	p, err := fetchPrograms(ctx, cfg, who)
	if err != nil {
		return programs{}, fmt.Errorf("no Postgres is installed, and it could not be downloaded: install PostgreSQL %d or newer, or set ROLLCALL_DATABASE_URL%s: %w",
			oldestMajor, wanted(major, passedOver), err)
	}
	return p, nil
}

// wanted describes what was searched and why programs were not used, in parentheses. It is
// empty if there is nothing to describe.
func wanted(major int, passedOver []string) string {
	var parts []string
	if major != 0 {
		parts = append(parts, fmt.Sprintf("wanted version %d", major))
	}
	parts = append(parts, passedOver...)
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// localPrograms lists the usable installations of the machine: the one in PATH, and then the
// others with the newest first. The second list has the reasons why others can't be used.
func localPrograms(ctx context.Context, cfg Config, who identity) (found []programs, passedOver []string) {
	for _, dir := range candidateDirs(cfg) {
		p, err := inspect(ctx, dir, who)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			passedOver = append(passedOver, err.Error())
		default:
			found = append(found, p)
		}
	}
	rest := found
	if len(found) > 0 && found[0].dir == programsInPath() {
		rest = found[1:]
	}
	slices.SortStableFunc(rest, func(a, b programs) int { return cmp.Compare(b.major, a.major) })
	return found, passedOver
}

func candidateDirs(cfg Config) []string {
	if cfg.ProgramsDir != "" {
		return []string{cfg.ProgramsDir}
	}
	var dirs []string
	if dir := programsInPath(); dir != "" {
		dirs = append(dirs, dir)
	}
	for _, pattern := range installations {
		matches, _ := filepath.Glob(pattern) // the only error is a malformed pattern
		for _, dir := range matches {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// programsInPath returns the real folder of the postgres in PATH, or "" if there is none. initdb
// needs the other programs beside it, which a folder of links may not have.
func programsInPath() string {
	path, err := exec.LookPath("postgres")
	if err != nil {
		return ""
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return filepath.Dir(path)
}

// inspect returns the installation in dir. The error is os.ErrNotExist if there is none.
func inspect(ctx context.Context, dir string, who identity) (programs, error) {
	p := programs{dir: dir}
	for _, path := range []string{p.postgres(), p.initdb()} {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return programs{}, err
		}
		if !who.reaches(real) {
			return programs{}, fmt.Errorf("%s can't be reached by the user with id %d, who runs postgres for root", path, who.uid)
		}
	}
	out, err := exec.CommandContext(ctx, p.postgres(), "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("%s does not run: %w", p.postgres(), err)
	}
	if p.major, err = parseMajor(string(out)); err != nil {
		return programs{}, fmt.Errorf("%s: %w", p.postgres(), err)
	}
	if p.major < oldestMajor {
		return programs{}, fmt.Errorf("%s is version %d, too old", p.postgres(), p.major)
	}
	return p, nil
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// parseMajor parses the output of --version, such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseMajor(line string) (int, error) {
	m := versionLine.FindStringSubmatch(line)
	if m == nil {
		return 0, fmt.Errorf("unknown version %q", strings.TrimSpace(line))
	}
	return strconv.Atoi(m[1])
}
