package gateway_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// company writes five accounts with connections of every status, and a region that can't be read.
func company(s *stack) {
	data := s.account("100000000001", "data-platform")
	s.observed(data, "us-east-1", fleet("us-east-1", "ingest-worker", 0, 70)...)
	s.observed(data, "eu-west-1", fleet("eu-west-1", "feature-store", 100, 12)...)
	s.connection(data, connected())

	edge := s.account("100000000007", "web-edge")
	s.observed(edge, "us-west-2", fleet("us-west-2", "edge", 200, 23)...)
	s.connection(edge, connected())
	s.syncing(edge)

	payments := s.account("100000000004", "payments-prod")
	s.observed(payments, "eu-west-1", fleet("eu-west-1", "payments", 300, 9)...)
	s.observed(payments, "eu-south-1", fleet("eu-south-1", "payments-south", 400, 4)...)
	s.unseen(payments, "eu-south-1", "PERMISSION_DENIED", "AccessDenied on ec2:DescribeInstances.")
	s.connection(payments, &accountsv1.UpdateConnectionStatusRequest_Outcome{
		Status: accountsv1.Connection_DEGRADED, Reason: commonv1.ErrorReason_PERMISSION_DENIED,
		Error:  "1 of 2 scopes failed: AccessDenied on ec2:DescribeInstances in eu-south-1.",
		Remedy: "Allow ec2:DescribeInstances in eu-south-1 to the role that Rollcall assumes.",
	})

	sandbox := s.account("100000000009", "ml-sandbox")
	s.connection(sandbox, &accountsv1.UpdateConnectionStatusRequest_Outcome{
		Status: accountsv1.Connection_FAILED, Reason: commonv1.ErrorReason_CREDENTIALS_INVALID,
		Error:  "The security token included in the request is invalid.",
		Remedy: "The key was revoked: give Rollcall a new one.",
	})
	s.account("100000000043", "acquired-co")
}

func TestConsole_ShowsAccountsAndInstances(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web)
	p.shows("#instances-title", "118")
	if got := p.names(); len(got) != 25 || got[0] != "edge-001" || !slices.IsSorted(got) {
		t.Errorf("the first page shows %d: %v", len(got), got)
	}
	for selector, text := range map[string]string{
		"#account-aws-100000000001 .chip": "connected", "#account-aws-100000000007 .chip": "syncing",
		"#account-aws-100000000004 .chip": "degraded", "#account-aws-100000000009 .chip": "failed",
		"#account-aws-100000000043 .chip": "unknown",
		"#account-aws-100000000009":       "The key was revoked", "#account-aws-100000000043": "never",
		"#notes": "payments-prod · eu-south-1 · virtual machines could not be read", "#fresh": "1 scope stale",
		"#instances-title": "1 scope could not be read", ".cards": "1 of 5 connected",
	} {
		if got := p.text(selector); !strings.Contains(got, text) {
			t.Errorf("the text of %s is %q, want %q", selector, got, text)
		}
	}
	if !strings.Contains(p.text("#notes"), "Its 4 instances are shown as last seen; none was removed.") {
		t.Errorf("the note is %q", p.text("#notes"))
	}
	if !strings.Contains(p.text("#notes"), "What to do: Allow ec2:DescribeInstances in eu-south-1") {
		t.Errorf("the note is %q", p.text("#notes"))
	}
	if page := p.text("body"); strings.Contains(page, "@page") || strings.Contains(page, "{ ") {
		t.Errorf("the page has template syntax: %s", page)
	}
	// Accounts with problems come first.
	first := value[string](p, `document.querySelector("table.accounts tbody tr").id`)
	if first != "account-aws-100000000009" {
		t.Errorf("the first account is %s", first)
	}
	for _, theme := range []string{"light", "dark"} {
		p.media(theme)
		p.picture("console-" + theme)
	}
	p.media("light")
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	if wide := value[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("on a phone the page is %d pixels wide", wide)
	}
	p.picture("console-phone")
	p.checkErrors()
}

// media sets the preferred colour scheme.
func (p *tab) media(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.fail("%v", err)
	}
}

func TestConsole_Filter(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web)
	p.awaitTrue("window.htmx")
	p.slash()
	p.awaitTrue(`document.activeElement.id === "filter"`)
	p.press(`labels.team = "data" AND displayName : payments` + kb.Enter)
	p.awaitTrue(`new URLSearchParams(location.search).get("filter") === 'labels.team = "data" AND displayName : payments'`)
	p.shows("#instances-title", "match")
	for _, name := range p.names() {
		if !strings.HasPrefix(name, "payments") {
			t.Errorf("%s is shown", name)
		}
	}

	// A mistake is marked at its column, and the text stays.
	p.slash()
	p.press(kb.Escape)
	p.do(chromedp.SetValue(chromedp.CSS("#filter"), "state = RUNNIN"), chromedp.Focus(chromedp.CSS("#filter")))
	p.press(kb.Enter)
	p.shows("#filter-mistake", "column 9")
	if got := p.text("#filter-mistake mark"); got != "R" {
		t.Errorf("the mistake is marked at %q", got)
	}
	if got := value[string](p, `document.getElementById("filter").value + document.getElementById("filter").getAttribute("aria-invalid")`); got != "state = RUNNINtrue" {
		t.Errorf("the filter is %q", got)
	}
	p.picture("console-mistake")

	// Back returns to the previous filter.
	p.do(chromedp.NavigateBack())
	p.shows("#instances-title", "match")
	p.awaitTrue(`document.getElementById("filter").value.includes("payments")`)

	// A search without results explains how to continue.
	p.visit(s.web + "/?filter=nothing-like-it")
	p.shows("#instances", "No instances match.")
	p.shows("#instances", "1 scope could not be read")
	p.click("#instances .empty a")
	p.shows("#instances-title", "118")
	p.checkErrors()
}

func TestConsole_SortingAndPaging(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web + "/?filter=" + url.QueryEscape("location.region = us-east-1"))
	p.awaitTrue("window.htmx")
	p.shows(".foot", "1–25 of 70")
	p.click("table.list th:nth-child(2) a") // sorted by name already, now descending
	p.awaitTrue(`document.querySelector("table.list th:nth-child(2)").ariaSort === "descending"`)
	if got := p.names(); got[0] != "ingest-worker-070" {
		t.Errorf("descending, the first name is %s", got[0])
	}
	p.click("a[rel=next]")
	p.shows(".foot", "26–50 of 70")
	p.click("a[rel=next]")
	p.shows(".foot", "51–70 of 70")
	if got := p.names(); len(got) != 20 || got[0] != "ingest-worker-020" {
		t.Errorf("the last page shows %v", got)
	}
	if got := value[string](p, `new URLSearchParams(location.search).get("filter")`); got != "location.region = us-east-1" {
		t.Errorf("the filter became %q", got)
	}
	// The URL has the whole state.
	p.do(chromedp.Reload())
	p.shows(".foot", "51–70 of 70")
	p.click("a[rel=prev]")
	p.shows(".foot", "26–50 of 70")
	p.click("a[rel=prev]")
	p.shows(".foot", "1–25 of 70")
	// A click on a facet adds the value to the filter, and another one removes it.
	p.awaitTrue("window.htmx")
	p.click(`.facet a[href*="STOPPED"]`)
	p.awaitTrue(`document.getElementById("filter").value === "location.region = us-east-1 AND state = STOPPED"`)
	p.click(`.facet a.on[href="/?filter=location.region+%3D+us-east-1&order=display_name+desc"]`)
	p.awaitTrue(`document.getElementById("filter").value === "location.region = us-east-1"`)
	p.checkErrors()
}

func TestConsole_RefreshKeepsFocusAndScroll(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web)
	p.awaitTrue("window.htmx")
	// The user is typing, half-way down the page.
	p.slash()
	p.press("displayName : led")
	value[int](p, `(window.scrollTo(0, 300), document.getElementById("filter-help").open = true, document.getElementById("filter").setSelectionRange(3, 5), 1)`)
	before := value[int](p, "Math.round(window.scrollY)")

	s.observed(s.account("100000000002", "newcomer"), "eu-north-1", machine("eu-north-1", "aa-new", 999))
	p.shows("#accounts", "newcomer")
	p.awaitTrue(`[...document.querySelectorAll("table.list td.name b")].some(b => b.innerText === "aa-new")`)
	if got := value[string](p, `document.activeElement.id + ":" + document.activeElement.value + ":" + document.activeElement.selectionStart`); got != "filter:displayName : led:3" {
		t.Errorf("the focus is %q", got)
	}
	if after := value[int](p, "Math.round(window.scrollY)"); after != before {
		t.Errorf("the page moved from %d to %d", before, after)
	}
	p.checkErrors()
}

func TestConsole_HiddenPageDoesNotRefresh(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	p.visit(s.web)
	p.awaitTrue("window.htmx")
	const hide = `(Object.defineProperty(document, "hidden", {value: %t, configurable: true}), document.dispatchEvent(new Event("visibilitychange")), 1)`
	const requests = `performance.getEntriesByType("resource").filter(e => e.initiatorType === "fetch").length`
	p.awaitTrue(requests + " > 0")
	value[int](p, hide, true)
	before := value[int](p, requests)
	// Longer than the refresh interval, by the clock of the page.
	value[int](p, `(window.since = performance.now(), 1)`)
	p.awaitTrue("performance.now() - window.since > 6000")
	if now := value[int](p, requests); now > before+1 { // one may have been in progress
		t.Errorf("the hidden page sent %d requests", now-before)
	}
	value[int](p, hide, false)
	p.awaitTrue(requests+" > %d", before)
	p.checkErrors()
}

func TestConsole_ConnectionTooltip(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web)
	const tip = "#account-aws-100000000004-why"
	if shown := value[string](p, `getComputedStyle(document.querySelector(%q)).display`, tip); shown != "none" {
		t.Errorf("without focus, the display of the tooltip is %s", shown)
	}
	p.do(chromedp.Focus(chromedp.CSS("#account-aws-100000000004 .has-tip")))
	p.awaitTrue(`getComputedStyle(document.querySelector(%q)).display === "block"`, tip)
	for _, want := range []string{"PERMISSION_DENIED", "AccessDenied", "Allow ec2:DescribeInstances"} {
		if got := p.text(tip); !strings.Contains(got, want) {
			t.Errorf("the tooltip is %q, want %q in it", got, want)
		}
	}
	p.picture("console-tip")
	described := value[string](p, `document.querySelector("#account-aws-100000000004 .has-tip").getAttribute("aria-describedby")`)
	if "#"+described != tip {
		t.Errorf("the chip is described by %q", described)
	}
}

func TestConsole_EscapesNames(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	hostile := []string{
		`<script>window.pwned=1</script>`, `"><img src=x onerror="window.pwned=1">`, `' onmouseover='window.pwned=1`,
		`javascript:window.pwned=1`, `{{7*7}}${7*7}`, "a\nb\tc", "😀 größe \u202egnol\u202c", strings.Repeat("w", 256), `" hx-get="/v1/accounts" hx-trigger="load`,
	}
	account := s.account("100000000001", hostile[0][:20]+hostile[1])
	var machines []*inventoryv1.Instance
	for i, name := range hostile {
		m := machine("eu-west-1", name, i)
		m.Labels = map[string]string{name: name, "z": hostile[(i+1)%len(hostile)]}
		m.MachineType, m.ProviderState = name[:min(len(name), 60)], name[:min(len(name), 60)]
		machines = append(machines, m)
	}
	s.observed(account, "eu-west-1", machines...)
	s.connection(account, &accountsv1.UpdateConnectionStatusRequest_Outcome{
		Status: accountsv1.Connection_FAILED, Reason: commonv1.ErrorReason_INTERNAL, Error: hostile[1], Remedy: hostile[0],
	})
	p.visit(s.web + "/?filter=" + url.QueryEscape(`"<img src=x onerror=window.pwned=1>`))
	p.shows("#filter-mistake", "The filter is invalid.")
	p.visit(s.web)
	p.awaitTrue(`document.querySelectorAll("table.list tbody tr").length === %d`, len(hostile))
	shown := p.names()
	for _, name := range hostile {
		if !slices.ContainsFunc(shown, func(s string) bool {
			return strings.Join(strings.Fields(s), " ") == strings.Join(strings.Fields(name), " ")
		}) {
			t.Errorf("%q is not among the names %q", name, shown)
		}
	}
	// The link of each label finds its instance.
	for _, link := range value[[]string](p, `[...document.querySelectorAll("table.list a.pill, table.list .tip a")].map(a => a.href)`) {
		p.visit(link)
		if n := len(p.names()); n < 1 {
			t.Errorf("%s shows %d instances: %s", link, n, p.text("#instances"))
		}
	}
	if value[bool](p, "Boolean(window.pwned)") {
		t.Error("a name ran as a script")
	}
	p.picture("console-hostile")
	p.checkErrors()
}

func TestConsole_WithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	p.visit(s.web)
	p.click("a[rel=next]")
	p.shows(".foot", "26–50 of 118")
	p.click("table.list th:nth-child(1) a")
	p.shows(".foot", "1–25 of 118")
	p.do(chromedp.SendKeys(chromedp.CSS("#filter"), "location.region = us-west-2"+kb.Enter))
	p.shows("#instances-title", "23 match")
	p.checkErrors()
}

func TestConsole_ShowsLastDataDuringOutage(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	company(s)
	p.visit(s.web)
	p.shows("#instances-title", "118")
	s.inventoryProcess.stop()
	p.shows(".banner", "The inventory service is not responding.")
	p.shows(".banner", "The data shown is from")
	if got := p.names(); len(got) != 25 {
		t.Errorf("%d instances are left", len(got))
	}
	p.shows("#fresh", "not live")
	p.picture("console-away")
	p.do(chromedp.Reload()) // a new page has the last data too
	p.shows("#instances-title", "118")
	s.inventoryProcess.run()
	p.awaitTrue(`!document.querySelector(".banner:not(#offline)")`)

	// The gateway itself.
	s.gatewayProcess.stop()
	p.awaitTrue(`!document.getElementById("offline").hidden`)
	if got := p.names(); len(got) != 25 {
		t.Errorf("%d instances are left", len(got))
	}
	s.gatewayProcess.run()
	p.awaitTrue(`document.getElementById("offline").hidden`)
}

func TestConsole_EmptyInventory(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	p.visit(s.web)
	p.shows("#no-accounts", "There are no accounts yet.")
	p.picture("console-empty")
	// The command on the page works unchanged.
	command := value[string](p, `document.querySelector("#no-accounts pre").innerText`)
	path, body, ok := strings.Cut(strings.TrimPrefix(command, "curl -X POST "+s.web), " -d '")
	if !ok {
		t.Fatalf("the command is %q", command)
	}
	s.want(200, "POST", path, strings.TrimSuffix(body, "'"))
	p.shows("#accounts", "payments")
	p.checkErrors()
}

func TestDocs_Page(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	p.visit(s.web + "/docs")
	p.shows("#InventoryService_ListInstances", "GET /v1/instances")
	p.shows("#InventoryService_ListInstances", "curl -s '"+s.web+"/v1/instances'")
	p.click(`.contents a[href="#DiscoveryService_WatchSyncRun"]`)
	p.awaitTrue(`location.hash === "#DiscoveryService_WatchSyncRun"`)
	p.picture("docs")
	p.checkErrors()
}
