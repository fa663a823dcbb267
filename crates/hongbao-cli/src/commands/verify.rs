//! `hongbao verify`: is a request's signature right, by which rule, and if not, why? Exit code 0 when a rule
//! matches, 1 when none does.

use std::process::ExitCode;

use hongbao_types::ApiKey;
use hongbao_wire::sign::{canonical_string, counted, signature, string_to_sign};
use hongbao_wire::{Endpoint, Mistake, Need, Params, SignPolicy, SignRefusal, SignRule, SignType, diagnose, sign};
use serde_json::{Value, json};

use super::sign::{read_key, read_params, shown};
use crate::args::VerifyArgs;
use crate::error::Result;
use crate::output::{Output, plain, say};

pub(crate) fn run(args: &VerifyArgs, output: Output) -> Result<ExitCode> {
    let key = read_key(&args.key)?;
    let params = read_params(&args.file)?;
    let endpoints: Vec<&Endpoint> = match args.endpoint.as_deref().and_then(Endpoint::by_name) {
        Some(endpoint) => vec![endpoint],
        None => likeliest(&params),
    };
    let verdict = verdict(&params, &endpoints, &key);
    // Whatever else is refused says itself what is wrong.
    let is_open =
        matches!(verdict, Ok(_) | Err(SignRefusal::Mismatch | SignRefusal::WrongLength { .. } | SignRefusal::NotHex));
    let diagnosis = if args.diagnose && is_open { explain(&params, &endpoints, &key) } else { Diagnosis::NotAsked };
    let claimed = params.get("sign").unwrap_or_default().to_owned();
    let report = Report { claimed, rules: rules(&params, &endpoints), verdict, diagnosis };
    output.result(report.object(&key, args.show_key), || report.print(&key, args.show_key));
    Ok(if report.verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The endpoints that a request is likeliest meant for: of whose required fields the fewest are missing, and which
/// count the most of what is there.
fn likeliest(params: &Params) -> Vec<&'static Endpoint> {
    let unfit = |endpoint: &Endpoint| {
        let required = endpoint.fields.iter().filter(|field| field.need == Need::Required);
        let missing = required.filter(|field| params.get(field.name).is_none()).count();
        let uncounted = params.iter().filter(|(name, _)| !endpoint.counts(name)).count();
        (missing, uncounted)
    };
    let best = Endpoint::ALL.iter().map(|endpoint| unfit(endpoint)).min();
    Endpoint::ALL.iter().copied().filter(|endpoint| Some(unfit(endpoint)) == best).collect()
}

struct Report {
    claimed: String,
    rules: Vec<Rule>,
    verdict: std::result::Result<Match, SignRefusal>,
    diagnosis: Diagnosis,
}

enum Diagnosis {
    NotAsked,
    /// No known mistake explains it.
    Unexplained,
    /// The endpoint for which it takes the fewest mistakes, and these.
    Explained(&'static str, Vec<Mistake>),
}

/// One way of choosing the fields that count.
struct Rule {
    name: &'static str,
    endpoints: Vec<&'static str>,
    canonical: String,
}

/// What makes the signature.
struct Match {
    rule: SignRule,
    sign_type: SignType,
    endpoint: &'static str,
}

const KNOWN: &str = "known_fields";
const ALL: &str = "all_non_empty_fields";

/// The canonical strings: one for each set of known fields that differs, then that of all fields.
fn rules(params: &Params, endpoints: &[&'static Endpoint]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for endpoint in endpoints {
        let canonical = canonical_string(counted(params, endpoint, SignRule::KnownFields));
        match rules.iter_mut().find(|rule| rule.canonical == canonical) {
            Some(rule) => rule.endpoints.push(endpoint.name),
            None => rules.push(Rule { name: KNOWN, endpoints: vec![endpoint.name], canonical }),
        }
    }
    rules.push(Rule { name: ALL, endpoints: Vec::new(), canonical: canonical_string(params) });
    rules
}

/// What the platform itself would say, in compatible mode. Known fields of any endpoint come before all fields.
fn verdict(params: &Params, endpoints: &[&'static Endpoint], key: &ApiKey) -> std::result::Result<Match, SignRefusal> {
    let judge = |endpoint: &&'static Endpoint| {
        let judged = sign::verify(params, endpoint, [key], SignPolicy::default());
        judged.map(|found| Match { rule: found.rule, sign_type: found.sign_type, endpoint: endpoint.name })
    };
    let mut judged: Vec<_> = endpoints.iter().map(judge).collect();
    // The order within each group stays: a refusal is the likeliest endpoint's.
    judged.sort_by_key(|judged| match judged {
        Ok(Match { rule: SignRule::KnownFields, .. }) => 0,
        Ok(_) => 1,
        Err(_) => 2,
    });
    judged.into_iter().next().unwrap_or(Err(SignRefusal::Missing))
}

fn explain(params: &Params, endpoints: &[&'static Endpoint], key: &ApiKey) -> Diagnosis {
    let found = endpoints.iter().filter_map(|endpoint| Some((endpoint.name, diagnose(params, endpoint, key)?)));
    let fewest = found.min_by_key(|(_, mistakes)| mistakes.len());
    fewest.map_or(Diagnosis::Unexplained, |(endpoint, mistakes)| Diagnosis::Explained(endpoint, mistakes))
}

impl Rule {
    fn title(&self) -> String {
        match self.name {
            KNOWN => format!("the known fields of {}", self.endpoints.join(", ")),
            _ => "all non-empty fields".to_owned(),
        }
    }

    /// Its signatures: by the algorithm whose length the given one has, or by both.
    fn signatures(&self, claimed: &str, key: &ApiKey) -> Vec<(SignType, String)> {
        let types = match SignType::from_len(claimed.len()) {
            Some(sign_type) => vec![sign_type],
            None => vec![SignType::Md5, SignType::HmacSha256],
        };
        let to_sign = string_to_sign(&self.canonical, key);
        types.into_iter().map(|sign_type| (sign_type, signature(sign_type, &to_sign, key))).collect()
    }
}

impl Match {
    fn title(&self) -> String {
        match self.rule {
            SignRule::KnownFields => format!("the known fields of {}, {}", self.endpoint, self.sign_type.as_str()),
            SignRule::AllNonEmpty => format!("all non-empty fields, {}", self.sign_type.as_str()),
        }
    }
}

impl Report {
    fn print(&self, key: &ApiKey, show_key: bool) {
        say!("sign        {}", if self.claimed.is_empty() { "none".to_owned() } else { plain(&self.claimed) });
        for rule in &self.rules {
            say!("\nrule        {}", rule.title());
            say!("canonical   {}", plain(&rule.canonical));
            say!("to sign     {}", plain(&shown(&rule.canonical, key, show_key)));
            for (sign_type, made) in rule.signatures(&self.claimed, key) {
                let matches = if made.eq_ignore_ascii_case(&self.claimed) { "  matches" } else { "" };
                say!("{:<11} {made}{matches}", sign_type.as_str());
            }
        }
        match &self.verdict {
            Ok(found) => say!("\nverdict     matches: {}", found.title()),
            Err(refusal) => say!("\nverdict     no: {refusal}"),
        }
        match &self.diagnosis {
            Diagnosis::NotAsked if matches!(self.verdict, Err(SignRefusal::Mismatch)) => {
                say!("            to try the known mistakes: --diagnose");
            }
            Diagnosis::NotAsked => {}
            Diagnosis::Unexplained if !matches!(self.verdict, Err(SignRefusal::Mismatch)) => {
                say!("diagnosis   that is no signature: 32 hexadecimal digits (MD5), or 64 (HMAC-SHA256)");
            }
            Diagnosis::Unexplained => {
                say!("diagnosis   none of the known mistakes explains it; the likeliest cause is another key");
            }
            Diagnosis::Explained(endpoint, mistakes) if mistakes.is_empty() => {
                say!("diagnosis   no mistakes: as the live service is believed to want it for {endpoint}");
            }
            Diagnosis::Explained(endpoint, mistakes) => {
                let count = mistakes.len();
                say!("diagnosis   {count} mistake{}, as a request of {endpoint}", if count == 1 { "" } else { "s" });
                for mistake in mistakes {
                    say!("mistake     {}", plain(&mistake.to_string()));
                    say!("            {}", mistake.advice());
                }
            }
        }
    }

    fn object(&self, key: &ApiKey, show_key: bool) -> Value {
        let rules = self.rules.iter().map(|rule| {
            let signatures = rule.signatures(&self.claimed, key).into_iter();
            let signatures = signatures.map(|(sign_type, made)| (sign_type.as_str().to_owned(), Value::from(made)));
            json!({
                "rule": rule.name,
                "endpoints": rule.endpoints,
                "canonical": rule.canonical,
                "string_to_sign": shown(&rule.canonical, key, show_key),
                "signatures": signatures.collect::<serde_json::Map<_, _>>(),
            })
        });
        let mut object = json!({
            "sign": self.claimed,
            "rules": rules.collect::<Vec<_>>(),
            "matches": self.verdict.as_ref().ok().map(|found| json!({
                "rule": if found.rule == SignRule::KnownFields { KNOWN } else { ALL },
                "sign_type": found.sign_type.as_str(),
                "endpoint": if found.rule == SignRule::KnownFields { Some(found.endpoint) } else { None },
            })),
            "refusal": self.verdict.as_ref().err().map(ToString::to_string),
        });
        match &self.diagnosis {
            Diagnosis::NotAsked => {}
            Diagnosis::Unexplained => object["diagnosis"] = Value::Null,
            Diagnosis::Explained(endpoint, mistakes) => {
                let mistakes = mistakes.iter().map(|mistake| {
                    json!({ "mistake": mistake.name(), "text": mistake.to_string(), "advice": mistake.advice() })
                });
                object["diagnosis"] = json!({ "endpoint": endpoint, "mistakes": mistakes.collect::<Vec<_>>() });
            }
        }
        object
    }
}
