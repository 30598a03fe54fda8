"""The journal's tables, as the steps that build them: step N brings a file from `user_version` N to N + 1."""

STEPS = (
    """
    -- Every report and every gap, for ever once each. A report covers first..seq with first = seq.
    CREATE TABLE report (
        row INTEGER PRIMARY KEY AUTOINCREMENT,  -- the cursor of every reader; never reused
        pillow TEXT NOT NULL,
        boot INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        first INTEGER NOT NULL,
        uptime_ms INTEGER NOT NULL,             -- the pillow's own clock when it happened
        gesture TEXT NOT NULL,                  -- or 'gap'
        confidence INTEGER NOT NULL,
        strength INTEGER NOT NULL,              -- milli-g above rest
        duration_ms INTEGER NOT NULL,           -- how long the gesture before it lasted
        at_ms INTEGER NOT NULL,                 -- when it happened, Unix time
        err_ms INTEGER NOT NULL,                -- at_ms is true to within this
        late INTEGER NOT NULL,                  -- 1: it came long after it happened
        heard_ms INTEGER NOT NULL,              -- when it was heard here, Unix time
        why TEXT NOT NULL,                      -- of a gap
        UNIQUE (pillow, boot, seq)
    );
    CREATE INDEX report_at ON report (at_ms);

    -- The highest seq held of each boot, and where that boot's clock stood. Not trimmed with the reports: it is what
    -- makes a re-sent report harmless after its row is gone.
    CREATE TABLE mark (
        pillow TEXT NOT NULL,
        boot INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        nonce TEXT NOT NULL DEFAULT '',
        anchors TEXT NOT NULL DEFAULT '[]',     -- JSON [[uptime_ms, wall_ms, err_ms], ...]
        PRIMARY KEY (pillow, boot)
    ) WITHOUT ROWID;

    -- How each pillow is now.
    CREATE TABLE pillow (
        pillow TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        gesture TEXT NOT NULL,                  -- 'notconnected' while link is ''
        since_ms INTEGER NOT NULL,
        last_seen_ms INTEGER NOT NULL,          -- kept up to date only while link is ''
        link TEXT NOT NULL,                     -- 'usb', 'wifi', 'virtual', or '' for none
        late INTEGER NOT NULL DEFAULT 0,        -- 1: still sending what happened while it was away
        boot INTEGER NOT NULL DEFAULT 0,
        version TEXT NOT NULL DEFAULT '',
        cause TEXT NOT NULL DEFAULT '',
        missed INTEGER NOT NULL DEFAULT 0,      -- samples lost since its boot
        free INTEGER NOT NULL DEFAULT 0,        -- heap bytes
        garbled INTEGER NOT NULL DEFAULT 0      -- lines dropped on this link
    ) WITHOUT ROWID;

    CREATE TABLE presence (
        row INTEGER PRIMARY KEY, pillow TEXT NOT NULL, at_ms INTEGER NOT NULL, here INTEGER NOT NULL
    );
    CREATE TABLE console (row INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL);
    CREATE TABLE trouble (name TEXT PRIMARY KEY, since_ms INTEGER NOT NULL, sentence TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE cursor (name TEXT PRIMARY KEY, row INTEGER NOT NULL, moved_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE bell (name TEXT PRIMARY KEY, port INTEGER NOT NULL) WITHOUT ROWID;

    -- Something asked of a pillow or of the bridge: always ends with an outcome.
    CREATE TABLE wish (
        wish INTEGER PRIMARY KEY AUTOINCREMENT,
        pillow TEXT NOT NULL,                   -- '' for the bridge itself
        kind TEXT NOT NULL,
        body TEXT NOT NULL,                     -- JSON
        who TEXT NOT NULL,
        made_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        outcome TEXT NOT NULL DEFAULT '',       -- applied, superseded, refused, expired
        why TEXT NOT NULL DEFAULT '',
        ended_ms INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX wish_open ON wish (outcome) WHERE outcome = '';
    """,
    """
    -- The name of a wish on every machine, of one that travels; '' of one that stays here.
    ALTER TABLE wish ADD COLUMN uid TEXT NOT NULL DEFAULT '';
    CREATE UNIQUE INDEX wish_uid ON wish (uid) WHERE uid != '';

    -- Away from home: the newest word about this pillow, so that an older one changes nothing.
    ALTER TABLE pillow ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;

    -- Which model it says that it uses, 0 for none.
    ALTER TABLE pillow ADD COLUMN model INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE setting (
        pillow TEXT NOT NULL,                   -- '' for the home
        name TEXT NOT NULL,
        value TEXT NOT NULL,                    -- JSON
        version INTEGER NOT NULL,
        who TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (pillow, name)
    ) WITHOUT ROWID;

    -- What is to be sent and is no report.
    CREATE TABLE outbox (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,                    -- which way it goes
        kind TEXT NOT NULL,
        body TEXT NOT NULL                      -- JSON
    );
    CREATE INDEX outbox_topic ON outbox (topic, row);

    CREATE TABLE dead (
        row INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL, content TEXT NOT NULL
    );

    CREATE TABLE guest (
        guest TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL,                     -- viewer, hugger, owner
        token TEXT NOT NULL UNIQUE,             -- SHA-256 of what the link says
        made_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        ended_ms INTEGER NOT NULL DEFAULT 0     -- when it was taken back
    ) WITHOUT ROWID;

    -- Recordings of motion; the samples are in files beside the journal.
    CREATE TABLE take (
        take INTEGER PRIMARY KEY AUTOINCREMENT,
        pillow TEXT NOT NULL,
        label TEXT NOT NULL,
        file TEXT NOT NULL,                     -- in folder takes
        source TEXT NOT NULL,                   -- recorded, taught, wrong
        at_ms INTEGER NOT NULL,
        samples INTEGER NOT NULL DEFAULT 0,
        told TEXT NOT NULL DEFAULT '',          -- what the pillow made of it
        outcome TEXT NOT NULL DEFAULT ''        -- '' while it is recorded, then done or a sentence
    );
    """,
)
