//! `hongbao sign`: a request's signature, and each step to it.

use std::path::Path;
use std::process::ExitCode;

use hongbao_types::ApiKey;
use hongbao_wire::sign::{canonical_string, counted, signature, string_to_sign};
use hongbao_wire::{Endpoint, Params, SignRule, SignType};
use serde_json::json;

use crate::args::{KeyArgs, SignArgs};
use crate::error::{Failure, Result};
use crate::files::{read_api_key, read_input};
use crate::output::{Output, plain, say};

/// A request is at most 32 KiB; so much is read, to be able to say that it is longer.
const READ_MAX: u64 = 1024 * 1024;

pub(crate) fn run(args: &SignArgs, output: Output) -> Result<ExitCode> {
    let key = read_key(&args.key)?;
    let mut params = args.file.as_deref().map(read_params).transpose()?.unwrap_or_default();
    for field in &args.field {
        let (name, value) = field.split_once('=').ok_or_else(|| {
            Failure::new(format!("not a field: {field:?}")).hint("write it as NAME=VALUE: --field mch_id=10000098")
        })?;
        params.set(name, value).map_err(Failure::new)?;
    }
    let sign_type = if args.sign_type.eq_ignore_ascii_case("MD5") { SignType::Md5 } else { SignType::HmacSha256 };
    let endpoint = args.endpoint.as_deref().and_then(Endpoint::by_name);
    let canonical = match endpoint {
        Some(endpoint) => canonical_string(counted(&params, endpoint, SignRule::KnownFields)),
        None => canonical_string(&params),
    };
    let to_sign = string_to_sign(&canonical, &key);
    let sign = signature(sign_type, &to_sign, &key);
    let uncounted: Vec<&str> = match endpoint {
        Some(endpoint) => uncounted(&params, endpoint),
        None => Vec::new(),
    };

    if args.xml {
        params.set("sign", sign).map_err(Failure::new)?;
        say!("{}", hongbao_wire::encode(&params));
        return Ok(ExitCode::SUCCESS);
    }
    let to_sign = shown(&canonical, &key, args.show_key);
    let object = json!({
        "canonical": canonical,
        "string_to_sign": to_sign,
        "sign_type": sign_type.as_str(),
        "sign": sign,
        "not_counted": uncounted,
    });
    output.result(object, || {
        say!("canonical   {}", plain(&canonical));
        say!("to sign     {}", plain(&to_sign));
        say!("{:<11} {sign}", sign_type.as_str());
        if !uncounted.is_empty() {
            say!("not counted {}", uncounted.join(", "));
        }
    });
    Ok(ExitCode::SUCCESS)
}

/// The fields of a request that `endpoint` does not count.
fn uncounted<'a>(params: &'a Params, endpoint: &Endpoint) -> Vec<&'a str> {
    let fields = params.iter().filter(|(name, value)| *name != "sign" && !value.is_empty() && !endpoint.counts(name));
    fields.map(|(name, _)| name).collect()
}

/// The string to sign as it may be shown.
pub(super) fn shown(canonical: &str, key: &ApiKey, show_key: bool) -> String {
    if show_key { string_to_sign(canonical, key) } else { format!("{canonical}&key=***") }
}

/// The key that was given, or named.
pub(super) fn read_key(args: &KeyArgs) -> Result<ApiKey> {
    match (&args.key, &args.key_file) {
        (Some(key), _) => ApiKey::try_new(key).map_err(|error| {
            Failure::new(error).hint("--key takes the key (APIv2 密钥) itself; --key-file a file that holds it")
        }),
        (None, Some(path)) => read_api_key(path),
        (None, None) => Err(Failure::new("no key was given").hint("name it: --key KEY or --key-file FILE")),
    }
}

/// The fields of the request in a file, or in standard input (`-`).
pub(super) fn read_params(path: &Path) -> Result<Params> {
    let (name, body) = read_input(path, READ_MAX)?;
    hongbao_wire::decode(&body).map_err(|error| {
        Failure::new(format!("not a request: {name}: {error}"))
            .hint("it must be the XML of the request as it was sent, and nothing else")
    })
}
