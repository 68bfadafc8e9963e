package gateway_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browsers has the names of Chromium's executable.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless-shell"}

// findBrowser returns the path of Chromium. Without it the test is skipped, or fails if
// ROLLCALL_REQUIRE_BROWSER=1.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("ROLLCALL_REQUIRE_BROWSER") == "1" {
		t.Fatal("Chromium is not installed, and ROLLCALL_REQUIRE_BROWSER=1 requires it")
	}
	t.Skip("Chromium is not installed; install chromium to test the console")
	return ""
}

// tab is a page in its own browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu sync.Mutex
	// errors are the errors of scripts and violations of the Content-Security-Policy.
	errors []string
}

// open starts a browser for a test.
func open(t *testing.T) *tab {
	t.Helper()
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findBrowser(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.WindowSize(1360, 900), chromedp.WSURLReadTimeout(patience),
	)...)
	ctx, stop := chromedp.NewContext(allocator)
	p := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		// Cancel waits for the browser to end, so that its folder can be removed.
		_ = chromedp.Cancel(ctx)
		stop()
		stopAllocator()
	})
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError {
			p.errors = append(p.errors, event.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, event.ExceptionDetails.Text)
	}
}

// checkErrors fails the test if the browser reported errors.
func (p *tab) checkErrors() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.errors {
		p.t.Errorf("browser error: %s", text)
	}
}

// fail fails the test, with a screenshot of the page.
func (p *tab) fail(format string, args ...any) {
	p.t.Helper()
	p.picture("failed-" + p.t.Name())
	p.t.Fatalf(format, args...)
}

// do runs actions within patience.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.fail("%v", err)
	}
}

// visit opens a page.
func (p *tab) visit(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// click clicks the first element that matches a CSS selector.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys in the focused element.
func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// slash presses / like a keyboard does. Unlike with press, the page can prevent the default action.
func (p *tab) slash() {
	p.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		key := input.DispatchKeyEventParams{Type: kind, Key: "/", Code: "Slash", WindowsVirtualKeyCode: 191}
		if kind == input.DispatchKeyEventTypeKeyDown {
			key.Text = "/"
		}
		if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, key); err != nil {
			p.fail("%v", err)
		}
	}
}

// value returns the value of an expression in the page.
func value[T any](p *tab, expression string, args ...any) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if len(args) > 0 {
		expression = fmt.Sprintf(expression, args...)
	}
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.fail("%s: %v", expression, err)
	}
	return v
}

// awaitTrue waits until an expression is true in the page.
func (p *tab) awaitTrue(expression string, args ...any) {
	p.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for !value[bool](p, "Boolean("+expression+")", args...) {
		select {
		case <-deadline.C:
			p.fail("not true within %v: "+expression, append([]any{patience}, args...)...)
		case <-tick.C:
		}
	}
}

// text returns the text of an element.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return value[string](p, "document.querySelector(%q)?.innerText ?? ''", selector)
}

// shows waits until an element contains a text.
func (p *tab) shows(selector, text string) {
	p.t.Helper()
	p.awaitTrue("document.querySelector(%q)?.innerText.includes(%q)", selector, text)
}

// names returns the names of the instances on the page, in order.
func (p *tab) names() []string {
	p.t.Helper()
	return value[[]string](p, `[...document.querySelectorAll("table.list td.name b")].map(b => b.innerText)`)
}

// picture takes a screenshot if ROLLCALL_SCREENSHOTS is set.
func (p *tab) picture(name string) {
	p.t.Helper()
	folder := os.Getenv("ROLLCALL_SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Logf("screenshot: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".png"), image, 0o644); err != nil {
		p.t.Error(err)
	}
}
