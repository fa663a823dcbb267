//! Which WeChat Pay does a merchant meet? One of three generations, for its replies changed twice; and one that takes
//! what clients send, or one that takes what production is believed to take.

/// A generation of the service: envelope, names of error codes, and the limits of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 2014 to 2015: a business error is `FAIL` twice.
    G1,
    /// To July 2016: `return_code` is `SUCCESS` even then; `mch_id` is a plain number.
    G2a,
    /// Since: `mch_id` in CDATA, success has an `err_code`, and `send_time` is gone.
    #[default]
    G2b,
}

impl Generation {
    /// All of them, the oldest first.
    pub const ALL: [Generation; 3] = [Generation::G1, Generation::G2a, Generation::G2b];

    /// Its name: `G1`, `G2a`, `G2b`.
    pub const fn name(self) -> &'static str {
        match self {
            Generation::G1 => "G1",
            Generation::G2a => "G2a",
            Generation::G2b => "G2b",
        }
    }

    /// The generation of that name.
    pub fn from_name(name: &str) -> Option<Generation> {
        Generation::ALL.into_iter().find(|generation| generation.name() == name)
    }
}

/// How exacting the service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// What every known client sends is good.
    #[default]
    Compatible,
    /// Only what the live service is believed to take.
    Strict,
}
