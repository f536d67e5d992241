package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// joined is a text whose lines that end in a backslash are one with the next.
func joined(text string) string {
	return regexp.MustCompile(`[ \t]*\\\n[ \t]*`).ReplaceAllString(text, " ")
}

// makeVariable is a variable of the Makefile.
func makeVariable(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` := (.*)$`).FindStringSubmatch(joined(read(t, "Makefile")))
	if m == nil {
		t.Fatalf("the Makefile has no variable %s", name)
	}
	return m[1]
}

// recipe is the commands of a target of the Makefile; nil if there is none.
func recipe(t *testing.T, target string) []string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + target + `:.*\n((?:\t.*\n)*)`).FindStringSubmatch(joined(read(t, "Makefile")))
	if m == nil {
		return nil
	}
	var commands []string
	for line := range strings.Lines(m[1]) {
		commands = append(commands, strings.TrimLeft(strings.TrimSpace(line), "@-"))
	}
	return commands
}

func TestImageIsBuiltByMakeBuild(t *testing.T) {
	t.Parallel()
	var builds []string
	for line := range strings.Lines(joined(read(t, "Dockerfile"))) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "RUN "); ok && strings.Contains(command, "go build") {
			builds = append(builds, command)
		}
	}
	if want := recipe(t, "build"); len(want) == 0 || !slices.Equal(builds, want) {
		t.Errorf("the Dockerfile builds with %q, make build with %q", builds, want)
	}
}

func TestImageRunsAsNobody(t *testing.T) {
	t.Parallel()
	text := read(t, "Dockerfile")
	last := text[strings.LastIndex(text, "\nFROM "):]
	for _, line := range []string{"FROM scratch", "USER 65532:65532", "VOLUME /data", "EXPOSE 8080",
		`ENTRYPOINT ["/dashboard"]`, "HEALTHCHECK "} {
		if !strings.Contains(last, "\n"+line) {
			t.Errorf("the Dockerfile's last stage has no line %q", line)
		}
	}
}

func TestEveryTargetIsListed(t *testing.T) {
	t.Parallel()
	text := read(t, "Makefile")
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(text)
	if phony == nil {
		t.Fatal("the Makefile has no .PHONY")
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*## .+$`).FindAllStringSubmatch(text, -1) {
		listed = append(listed, m[1])
	}
	if want := strings.Fields(phony[1]); !slices.Equal(listed, want) {
		t.Errorf("make help lists %q, and there are %q", listed, want)
	}
}

// fenced are the lines of a Markdown text's code blocks, without a prompt.
func fenced(text string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside
		case inside:
			lines = append(lines, strings.TrimSpace(strings.TrimPrefix(line, "$ ")))
		}
	}
	return lines
}

// The README promises two commands, one that serves and one that tests.
const (
	runCommand  = "go run ./cmd/dashboard --demo"
	testCommand = "make test"
)

func TestReadmeCommandsAreTheOnesThatRun(t *testing.T) {
	t.Parallel()
	commands := fenced(read(t, "README.md"))
	for _, want := range []string{runCommand, testCommand} {
		if !slices.ContainsFunc(commands, func(line string) bool {
			command, _, _ := strings.Cut(line, "#")
			return strings.TrimSpace(command) == want
		}) {
			t.Errorf("README.md has no line %q in a code block", want)
		}
	}
	files(t, `^cmd/dashboard/main\.go$`)
	for _, command := range commands {
		if target, ok := strings.CutPrefix(command, "make "); ok && recipe(t, strings.Fields(target)[0]) == nil {
			t.Errorf("README.md: %q, and the Makefile has no such target", command)
		}
	}
	if !slices.Contains(recipe(t, "demo"), runCommand) {
		t.Errorf("make demo is not %q", runCommand)
	}
	lines := strings.Split(strings.TrimSpace(read(t, ".ci/run")), "\n")
	if lines[len(lines)-1] != testCommand {
		t.Errorf(".ci/run ends with %q and not with %q", lines[len(lines)-1], testCommand)
	}
	if !slices.Contains(lines, "make check") {
		t.Error(`.ci/run has no line "make check"`)
	}
}

func TestScriptsCanBeRun(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `^(\.ci/run|tools/.*\.sh)$`) {
		info, err := os.Stat(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o100 == 0 {
			t.Errorf("%s is not executable", p)
		}
		if text := read(t, p); !strings.HasPrefix(text, "#!/") || !regexp.MustCompile(`(?m)^set -[eu]`).MatchString(text) {
			t.Errorf("%s needs #! and set -eu", p)
		}
	}
}
