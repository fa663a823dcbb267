//! `hongbao doctor`: what is wrong with my key, my certificate, my clock, my way to the platform? Looks, and asks
//! about a packet that nobody sent: it moves nothing. Exit code 0 when all is well, 1 when something is not.

use std::path::Path;
use std::process::ExitCode;

use hongbao::{ErrorCode, Identity};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::send::{client, made_up};
use crate::admin_client::AdminClient;
use crate::args::DoctorArgs;
use crate::error::{Failure, Result, chain};
use crate::output::{Output, plain, say};
use crate::people_client::assertion;
use crate::profile::{MerchantAccess, Profile};

/// How many days before its end a certificate is worth a warning.
const DAYS_TO_RENEW: i64 = 30;
/// How many seconds a clock may be off: HTTP tells the time in whole seconds, and answers take theirs.
const CLOCK_WARNING: i64 = 5;
/// From here on assertions are refused, and soon certificates.
const CLOCK_FAILURE: i64 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Ok,
    Warning,
    Failure,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    health: Health,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, what: &'static str, text: impl Into<String>) {
        self.0.push(Finding { what, health: Health::Ok, text: text.into(), hint: None });
    }

    fn warning(&mut self, what: &'static str, failure: Failure) {
        self.0.push(Finding { what, health: Health::Warning, text: failure.message, hint: failure.hint });
    }

    fn failure(&mut self, what: &'static str, failure: Failure) {
        self.0.push(Finding { what, health: Health::Failure, text: failure.message, hint: failure.hint });
    }
}

pub(crate) async fn run(args: &DoctorArgs, output: Output) -> Result<ExitCode> {
    let mut findings = Findings::default();
    examine(&args.profile.profile, &mut findings).await;
    let findings = findings.0;
    let is_well = findings.iter().all(|finding| finding.health != Health::Failure);
    output.result(serde_json::json!({ "is_well": is_well, "findings": findings }), || print(&findings));
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(findings: &[Finding]) {
    for finding in findings {
        let health = match finding.health {
            Health::Ok => "ok",
            Health::Warning => "warn",
            Health::Failure => "FAIL",
        };
        say!("{health:<5} {:<12} {}", finding.what, plain(&finding.text));
        if let Some(hint) = &finding.hint {
            say!("{:18} {hint}", "");
        }
    }
}

async fn examine(path: &Path, findings: &mut Findings) {
    let profile = match Profile::read(path) {
        Ok(profile) => profile,
        Err(failure) => return findings.failure("profile", failure),
    };
    findings.ok("profile", path.display().to_string());
    let Profile { merchant, app, admin } = profile;
    let sections = (merchant.is_some(), app.is_some(), admin.is_some());
    if sections == (false, false, false) {
        findings.failure("profile", Failure::new("it has no section").hint("`hongbao dev` writes a whole one"));
    }
    if sections.0 {
        let only = Profile { merchant, ..Profile::default() };
        match only.merchant(path) {
            Err(failure) => findings.failure("merchant", failure),
            Ok(access) => examine_merchant(&access, findings).await,
        }
    }
    if sections.1 {
        let only = Profile { app, ..Profile::default() };
        let nobody = "oxTWIuGaIt6gTKsQRLau2M0yL16E".parse().map_err(Failure::new);
        let packet = "1".parse().map_err(Failure::new);
        let signed = only.app(path).and_then(|access| assertion(&access, &nobody?, &packet?));
        match signed {
            Ok(_) => findings.ok("app key", "it signs assertions of who people are"),
            Err(failure) => findings.failure("app key", failure),
        }
    }
    if sections.2 {
        let only = Profile { admin, ..Profile::default() };
        let asked = match only.admin(path).and_then(|section| AdminClient::new(&section)) {
            Ok(admin) => admin.get("/admin/health").await,
            Err(failure) => Err(failure),
        };
        match asked {
            Ok(health) => findings.ok("operators", format!("a {} store", health["kind"].as_str().unwrap_or("strange"))),
            Err(failure) => findings.failure("operators", failure),
        }
    }
}

async fn examine_merchant(access: &MerchantAccess, findings: &mut Findings) {
    findings.ok("api key", format!("32 letters and digits, for merchant {}", access.merchant));
    match &access.identity {
        None if access.base_url.starts_with("http://") => {
            findings.ok("certificate", "none, and none is needed without TLS");
        }
        None => findings.failure(
            "certificate",
            Failure::new("none: calls will be refused with CA_ERROR")
                .hint("name certificate_file and private_key_file, or p12_file, in the profile"),
        ),
        Some(identity) => examine_certificate(identity, access, Timestamp::now(), findings),
    }
    let client = match client(access) {
        Ok(client) => client,
        Err(failure) => return findings.failure("client", failure),
    };
    if !examine_connection(access, findings).await {
        return;
    }
    let asked = match made_up(&access.merchant) {
        Ok(number) => client.gethbinfo(&number, &access.app).await,
        Err(failure) => return findings.failure("call", failure),
    };
    let Err(error) = asked else { return findings.ok("call", "the platform takes key and certificate") };
    let failure = Failure::new(chain(&error));
    match error.code() {
        Some(ErrorCode::NotFound) => {
            findings.ok("call", "the platform takes key and certificate (and knows no packet that nobody sent)");
        }
        Some(ErrorCode::SignError) => findings.failure(
            "call",
            failure
                .hint("api_key_file holds another key than the platform has for this merchant, or another merchant's"),
        ),
        Some(ErrorCode::CaError) => findings.failure(
            "call",
            failure.hint("the platform knows this certificate not, or not any more; is it this merchant's?"),
        ),
        Some(ErrorCode::ParamError) => {
            findings
                .failure("call", failure.hint("mch_id or wxappid in the profile is another than the platform knows"));
        }
        _ => findings.failure("call", failure.hint(error.advice())),
    }
}

fn examine_certificate(identity: &Identity, access: &MerchantAccess, now: Timestamp, findings: &mut Findings) {
    let Some(facts) = identity.certificate_facts() else {
        return findings.failure("certificate", Failure::new("it is no X.509 certificate"));
    };
    let now = now.as_second();
    let date = |seconds| {
        let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC);
        at.strftime("%Y-%m-%d").to_string()
    };
    let days = (facts.not_after - now).div_euclid(86_400);
    let renew = "get a new one: on WeChat Pay's merchant platform, or from whoever runs this platform";
    if now > facts.not_after {
        findings.failure("certificate", Failure::new(format!("it ended on {}", date(facts.not_after))).hint(renew));
    } else if now < facts.not_before {
        let text = format!("it counts from {} on", date(facts.not_before));
        findings.failure("certificate", Failure::new(text).hint("is this machine's clock right?"));
    } else if days < DAYS_TO_RENEW {
        findings.warning("certificate", Failure::new(format!("it ends in {days} days")).hint(renew));
    } else {
        findings.ok("certificate", format!("of {}, until {}", facts.common_name, date(facts.not_after)));
    }
    if facts.common_name != access.merchant.as_str() {
        let text = format!("it is made out to {:?}, not to merchant {}", facts.common_name, access.merchant);
        findings.warning("certificate", Failure::new(text).hint("WeChat Pay takes a merchant's own only"));
    }
}

/// Whether anybody answers there, and how late it is for him.
async fn examine_connection(access: &MerchantAccess, findings: &mut Findings) -> bool {
    let http = match crate::http::client(access.root_ca.as_deref()) {
        Ok(http) => http,
        Err(failure) => {
            findings.failure("connection", failure);
            return false;
        }
    };
    let reply = match http.get(&access.base_url).timeout(std::time::Duration::from_secs(15)).send().await {
        Ok(reply) => reply,
        Err(error) => {
            let hint = "check base_url, root_ca_file, and what is between here and there";
            findings.failure("connection", Failure::new(chain(&error)).hint(hint));
            return false;
        }
    };
    let here = Timestamp::now();
    findings.ok("connection", format!("{} answers", access.base_url));
    let there = reply.headers().get("date").and_then(|date| date.to_str().ok());
    let Some(there) = there.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
        findings.warning("clock", Failure::new("the platform does not tell the time"));
        return true;
    };
    let off = here.as_second() - there.timestamp().as_second();
    let text = match off {
        0 => "as the platform's".to_owned(),
        1.. => format!("{off} s ahead of the platform's"),
        _ => format!("{} s behind the platform's", -off),
    };
    let hint = "keep it right with an NTP client";
    match off.abs() {
        0..CLOCK_WARNING => findings.ok("clock", text),
        CLOCK_WARNING..CLOCK_FAILURE => findings.warning("clock", Failure::new(text).hint(hint)),
        _ => findings.failure("clock", Failure::new(text).hint(hint)),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a certificate that is made out to `name`, from 2020 to 2030, in this moment.
    fn of(name: &str, now: &str) -> Vec<(Health, String)> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).unwrap().pem();
        let access = MerchantAccess {
            base_url: "https://localhost".to_owned(),
            merchant: "10000098".parse().unwrap(),
            app: "wx8888888888888888".parse().unwrap(),
            person: None,
            api_key: "192006250b4c09247ec02edce69f6a2d".parse().unwrap(),
            identity: None,
            root_ca: None,
        };
        let identity = Identity::from_pem(&certificate, &key.serialize_pem()).unwrap();
        let mut findings = Findings::default();
        examine_certificate(&identity, &access, now.parse().unwrap(), &mut findings);
        findings.0.into_iter().map(|finding| (finding.health, finding.text)).collect()
    }

    #[test]
    fn a_certificate_is_looked_at_with_the_time_in_mind() {
        for (now, health, text) in [
            ("2026-11-21T00:00:00Z", Health::Ok, "of 10000098, until 2030-01-01"),
            ("2029-12-02T00:00:01Z", Health::Warning, "it ends in 29 days"),
            ("2030-01-01T00:00:01Z", Health::Failure, "it ended on 2030-01-01"),
            ("2019-12-31T23:59:59Z", Health::Failure, "it counts from 2020-01-01 on"),
        ] {
            assert_eq!(of("10000098", now), [(health, text.to_owned())], "{now}");
        }
        let of_another = of("10000099", "2026-11-21T00:00:00Z");
        let text = "it is made out to \"10000099\", not to merchant 10000098".to_owned();
        assert_eq!(of_another[1], (Health::Warning, text));
    }
}
