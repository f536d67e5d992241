package demo

import (
	"fmt"
	"time"
)

// mail makes up e-mails that were sent, and the newsletter with its readers.
func (g *filler) mail() {
	g.emailLogs()
	g.readers()
	g.templates()
	broadcasts := g.broadcasts()
	campaigns, steps := g.campaigns()
	g.sentEmails(broadcasts, campaigns, steps)
}

func (g *filler) emailLogs() {
	t := g.w.into("email_logs", `id recipient sender subject emailType status
		sesMessageId error userId metadata sentAt deliveredAt openedAt openCount
		clickedAt clickCount lastClickedLink bouncedAt bounceType updated_at created_at deleted_at`)
	for range g.several(1, 3, 2_500) {
		u := pick(g, g.users...)
		at := g.lately(u.since)
		kind := pick(g, "invitation", "sign-in", "sign-in", "sign-in", "receipt", "reminder")
		status := pick(g, "delivered", "delivered", "delivered", "delivered", "delivered", "sent", "bounced", "failed", "pending")
		var problem, delivered, opened, clicked, link, bounced, bounce any
		opens, clicks := 0, 0
		switch {
		case status == "delivered":
			delivered = g.after(at, 9*time.Second)
			if g.chance(60) {
				opens, opened = 1+g.IntN(4), g.after(at, 30*time.Hour)
			}
			if opens > 0 && g.chance(50) {
				clicks, clicked, link = 1+g.IntN(2), g.after(at, 40*time.Hour), "https://www."+g.domain+"/"+pick(g, paths...)
			}
		case status == "bounced":
			bounced, bounce = g.after(at, time.Minute), pick(g, "Permanent", "Transient")
			problem = "550 5.1.1 <" + u.email + ">: Recipient address rejected: User unknown"
		case status == "failed":
			problem = pick(g, "connection refused", "421 4.7.0 Try again later", "template not found: receipt-fr")
		}
		updated, created, deleted := g.stamps(at, fixed)
		t.row(g.id("eml", at), u.email, "no-reply@"+g.domain, fmt.Sprintf(pick(g, subjects[kind]...), g.spec.org), g.often(95, kind), status,
			g.often(90, g.hex(40)), problem, g.often(95, u.id), object(map[string]any{"locale": pick(g, "en", "de"), "attempt": 1 + g.IntN(2)}),
			at, delivered, opened, opens, clicked, clicks, link, bounced, bounce, updated, created, deleted)
	}
}

func (g *filler) readers() {
	segments := g.w.into("newsletter_segments", "id organizationId name description subscriberCount updated_at created_at deleted_at")
	n := g.several(1, 8, 2_000)
	for _, name := range segmentNames[:2+g.several(300, 0, len(segmentNames)-2)] {
		id := g.id("seg", g.start)
		g.segments = append(g.segments, id)
		updated, created, deleted := g.stamps(g.start, 40)
		segments.row(id, g.orgID, name, pick[any](g, nil, "", g.sentences(1)), g.IntN(n), updated, created, deleted)
	}
	contacts := g.w.into("newsletter_contacts",
		"id organizationId email firstName lastName unsubscribed unsubscribedAt metadata updated_at created_at deleted_at")
	var since []time.Time
	for i := range n {
		at, p := g.lately(g.start), g.people(350_000+i)
		id := g.id("con", at)
		g.contacts, since = append(g.contacts, id), append(since, at)
		var left any
		if g.chance(9) {
			left = g.between(at, g.now)
		}
		updated, created, deleted := g.stamps(at, 20)
		contacts.row(id, g.orgID, p.email, g.often(85, p.first), g.often(80, p.last), left != nil, left,
			pick(g, "{}", "{}", object(map[string]any{
				"source": pick(g, "checkout", "footer", "import"),
				"likes":  []string{pick(g, paths...), pick(g, paths...)},
			})),
			updated, created, deleted)
	}
	in := g.w.into("newsletter_segment_contacts", "segmentId contactId added_at")
	for i, contact := range g.contacts {
		in.row(g.segments[0], contact, moment(since[i]))
		if len(g.segments) > 1 && g.chance(35) {
			in.row(g.segments[1+g.IntN(len(g.segments)-1)], contact, moment(g.between(since[i], g.now)))
		}
	}
}

func (g *filler) templates() {
	t := g.w.into("newsletter_templates", "id organizationId name subject html text previewText updated_at created_at deleted_at")
	for i, name := range []string{"Plain letter", "Three columns", "Season's greetings"} {
		at := g.between(g.start, g.now)
		html := g.page(name, 3+g.IntN(10))
		if i == 2 && g.spec.index%8 == 0 {
			html = g.page(name, 500) // with everything pasted into it
		}
		updated, created, deleted := g.stamps(at, 50)
		t.row(g.id("tpl", at), g.orgID, name, pick(g, headlines...), html, pick[any](g, nil, "", g.paragraphs(2)),
			g.often(60, g.sentences(1)), updated, created, deleted)
	}
}

func (g *filler) broadcasts() []string {
	t := g.w.into("newsletter_broadcasts", `id organizationId segmentId name subject html text
		previewText status scheduledAt sentAt recipientCount
		successCount failureCount updated_at created_at deleted_at`)
	var ids []string
	for i := range g.several(100, 2, 14) {
		at := g.lately(g.start)
		status := pick(g, "sent", "sent", "sent", "sent", "draft", "scheduled", "failed")
		var scheduled, sent any
		n, failed := 0, 0
		switch status {
		case "sent", "failed":
			scheduled, sent = at, g.after(at, 40*time.Minute)
			n = 1 + g.IntN(len(g.contacts))
			failed = g.IntN(1 + n/20)
		case "scheduled":
			scheduled = g.now.Add(time.Duration(2+g.IntN(400)) * time.Hour)
		}
		id := g.id("brc", at)
		ids = append(ids, id)
		updated, created, deleted := g.stamps(at, 40)
		t.row(id, g.orgID, pick(g, g.segments...), fmt.Sprintf("Letter %d", i+1), pick(g, headlines...),
			g.often(80, g.page(pick(g, headlines...), 2+g.IntN(4))),
			g.often(60, g.paragraphs(2)), g.often(50, g.sentences(1)), status, scheduled, sent, n, n-failed, failed, updated, created, deleted)
	}
	return ids
}

// campaigns returns the campaigns and, for each, its steps.
func (g *filler) campaigns() (ids []string, steps [][]string) {
	t := g.w.into("newsletter_campaigns", "id organizationId segmentId name description status startAt lastLaunchAt "+
		"contactsTargeted totalScheduled updated_at created_at deleted_at")
	var begun []time.Time
	for _, name := range []string{"Welcome", "Come back", "Renewal"}[:1+g.IntN(3)] {
		at := g.between(g.start, g.now)
		begun, ids = append(begun, at), append(ids, g.id("cmp", at))
		updated, created, deleted := g.stamps(at, 40)
		t.row(ids[len(ids)-1], g.orgID, pick(g, g.segments...), name, pick[any](g, nil, g.sentences(1)),
			pick(g, "draft", "active", "active", "paused", "completed"),
			g.often(80, at), g.often(60, g.between(at, g.now)), g.IntN(len(g.contacts)+1), g.IntN(3*len(g.contacts)), updated, created, deleted)
	}
	st := g.w.into("newsletter_campaign_steps",
		`id campaignId organizationId stepOrder label subject html text scheduleMode delayMinutes status monitorEvent
		fallbackStepId evaluateAfterMinutes updated_at created_at deleted_at`)
	for i, campaign := range ids {
		var own []string
		var before any
		for k, label := range []string{"Hello", "Tips", "Last call"} {
			id := g.id("stp", begun[i])
			own = append(own, id)
			updated, created, deleted := g.stamps(begun[i], 20)
			st.row(id, campaign, g.orgID, k+1, label, pick(g, headlines...), g.page(label, 2), nil, "relative", k*3*24*60,
				pick(g, "pending", "active"),
				pick[any](g, nil, "opened", "clicked"), before, pick[any](g, nil, 1440, 2880), updated, created, deleted)
			before = id
		}
		steps = append(steps, own)
	}
	return ids, steps
}

func (g *filler) sentEmails(broadcasts, campaigns []string, steps [][]string) {
	t := g.w.into("newsletter_sent_emails",
		`id organizationId contactId email type broadcastId campaignId campaignStepId subject sesMessageId status
		scheduledAt sentAt deliveredAt openedAt clickedAt failedAt error metadata updated_at created_at deleted_at`)
	for range g.several(1, 4, 3_000) {
		at, to := g.lately(g.start), g.IntN(len(g.contacts))
		kind, broadcast := "broadcast", any(pick(g, broadcasts...))
		var campaign, step any
		if g.chance(35) {
			c := g.IntN(len(campaigns))
			kind, broadcast = "campaign", nil
			campaign, step = campaigns[c], pick(g, steps[c]...)
		}
		status := pick(g, "delivered", "delivered", "delivered", "delivered", "pending", "failed")
		var sent, delivered, opened, clicked, failed, problem any
		switch status {
		case "delivered":
			sent, delivered = at, g.after(at, 3*time.Second)
			opened = g.often(45, g.after(at, 60*time.Hour))
			if opened != nil {
				clicked = g.often(25, g.after(at, 70*time.Hour))
			}
		case "failed":
			failed, problem = at, "mailbox full"
		}
		updated, created, deleted := g.stamps(at, fixed)
		t.row(g.id("snt", at), g.orgID, g.contacts[to], g.people(350_000+to).email, kind, broadcast, campaign, step,
			pick(g, headlines...), g.often(85, g.hex(40)), status,
			at, sent, delivered, opened, clicked, failed, problem, "{}", updated, created, deleted)
	}
}
