//! `hongbao dev`: a sandbox in one command. Started again in the same folder, it goes on where it was.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hongbao_server::{AdminDoor, Doors, PlatformOptions};
use hongbao_store::{Currency, StoreInfo, StoreKind};
use serde_json::{Value, json};

use super::serve::{StopSignals, open, start, until_stopped};
use crate::admin_client::AdminClient;
use crate::args::DevArgs;
use crate::error::{Explain, Result};
use crate::kit::{APP_ID, APP_KEY_ID, Kit, MERCHANT_ID, MERCHANT_NAME, OPENID};
use crate::money::money;
use crate::output::{Output, say};
use crate::profile::{AdminSection, AppSection, FILE_NAME, MerchantSection, Profile};

/// What the merchant may send to begin with.
const FUNDS_FEN: i64 = 1_000_000;

pub(crate) async fn run(args: DevArgs, output: Output) -> Result<ExitCode> {
    let folder = &args.dir;
    create_private_folder(folder)
        .explain(folder.display())
        .map_err(|failure| failure.hint("name another folder: --dir FOLDER"))?;
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    // The store's lock comes first: of two that start here at once, one makes the keys.
    let store = open(&folder.join("hongbao.db"), &info)?;
    let kit = if folder.join("api_key.txt").exists() {
        Kit::read(folder)?
    } else {
        let kit = Kit::generate()?;
        kit.write(folder)?;
        kit
    };

    let socket = folder.join("admin.sock");
    let doors = Doors {
        tls: Some((args.listen, kit.tls_options()?)),
        plain: Some(args.plain),
        admin: vec![AdminDoor::Socket(socket.clone())],
        balancers: Vec::new(),
    };
    let expire_every = Some(Duration::from_secs(args.expire_every));
    let options = PlatformOptions { expire_every, ..PlatformOptions::default() };
    let stop = StopSignals::listen()?;
    let server = start(store, &options, doors).await?;
    let addresses = server.addresses();
    let tls_url = url("https", addresses.tls);
    let merchant = match furnish(folder, &tls_url, &socket, &kit).await {
        Ok(merchant) => merchant,
        Err(failure) => {
            // What is under way is finished, as ever.
            server.stop().await;
            return Err(failure);
        }
    };
    let funds = i128::from(merchant["funds_fen"].as_i64().unwrap_or_default());

    let plain_url = url("http", addresses.plain);
    let object = json!({
        "folder": folder,
        "profile": folder.join(FILE_NAME),
        "tls_url": tls_url,
        "plain_url": plain_url,
        "admin_socket": socket,
        "mch_id": MERCHANT_ID,
        "wxappid": APP_ID,
        "re_openid": OPENID,
        "funds_fen": merchant["funds_fen"],
    });
    output.result(object, || {
        say!("A red-packet sandbox. Its keys, certificates and books are in {}", folder.display());
        say!("");
        say!("merchants   {tls_url}   TLS, with the client certificate {}", file(folder, "apiclient_cert.pem"));
        say!(
            "            {:width$}   (or apiclient_cert.p12; its password is {MERCHANT_ID})",
            "",
            width = tls_url.len()
        );
        say!("            {}    the same without TLS and certificates", plain_url);
        say!("            root certificate {}", file(folder, "rootca.pem"));
        say!(
            "merchant    {MERCHANT_ID} {MERCHANT_NAME}, {}, API key in {}",
            money(funds, &info.currency),
            file(folder, "api_key.txt")
        );
        say!(
            "app         {APP_ID}, key {APP_KEY_ID} in {}, secret in {}",
            file(folder, "app_key.pem"),
            file(folder, "app_secret.txt")
        );
        say!("            web authorisation sends people back to pages on localhost; those at port 3000 may call");
        say!("person      {OPENID}, or any other 28 letters and digits");
        say!("operators   {}", socket.display());
        say!("");
        say!("In another shell: hongbao send --profile {}", file(folder, FILE_NAME));
        say!("ready; stop with Ctrl-C");
    });
    until_stopped(server, stop).await
}

/// Writes the profile, adds the merchant and the app, and puts in the first money; the merchant as it is then.
async fn furnish(folder: &Path, tls_url: &str, socket: &Path, kit: &Kit) -> Result<Value> {
    profile(tls_url).write(&folder.join(FILE_NAME))?;
    let admin = AdminClient::over_socket(socket)?;
    provision_merchant_and_app(&admin, kit).await?;
    let top_up = json!({ "reference": "dev-first-funds", "merchant_id": MERCHANT_ID, "amount_fen": FUNDS_FEN });
    admin.post("/admin/top-ups", &top_up).await?;
    admin.get(&format!("/admin/merchants/{MERCHANT_ID}")).await
}

/// Makes the folder if it is missing; nobody but its owner looks into a new one.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Adds the merchant and the app, unless they are there.
pub(crate) async fn provision_merchant_and_app(admin: &AdminClient, kit: &Kit) -> Result<()> {
    let merchant = format!("/admin/merchants/{MERCHANT_ID}");
    if admin.find(&merchant).await?.is_none() {
        let body = json!({
            "name": MERCHANT_NAME,
            "keys": [{ "key": kit.api_key }],
            "certificates": [{ "pem": kit.merchant_certificate_pem }],
        });
        admin.put(&merchant, &body).await?;
    }
    let app = format!("/admin/apps/{APP_ID}");
    if admin.find(&app).await?.is_none() {
        let body = json!({
            "keys": [{ "id": APP_KEY_ID, "public_key_pem": kit.app_public_key_pem }],
            "merchants": [MERCHANT_ID],
            "app_secret": kit.app_secret,
            "redirect_hosts": ["localhost", "127.0.0.1", "[::1]"],
            "origins": ["http://localhost:3000", "http://127.0.0.1:3000"],
        });
        admin.put(&app, &body).await?;
        // Whom the page of web authorisation offers.
        admin.put(&format!("{app}/openids/{OPENID}"), &json!({})).await?;
    }
    Ok(())
}

/// What a merchant and an app need to know of the sandbox.
fn profile(tls_url: &str) -> Profile {
    Profile {
        merchant: Some(MerchantSection {
            base_url: tls_url.to_owned(),
            mch_id: MERCHANT_ID.to_owned(),
            wxappid: APP_ID.to_owned(),
            re_openid: Some(OPENID.to_owned()),
            api_key_file: "api_key.txt".into(),
            certificate_file: Some("apiclient_cert.pem".into()),
            private_key_file: Some("apiclient_key.pem".into()),
            p12_file: None,
            p12_password_file: None,
            root_ca_file: Some("rootca.pem".into()),
        }),
        app: Some(AppSection {
            base_url: tls_url.to_owned(),
            app_id: APP_ID.to_owned(),
            key_id: APP_KEY_ID.to_owned(),
            openid: Some(OPENID.to_owned()),
            private_key_file: "app_key.pem".into(),
            root_ca_file: Some("rootca.pem".into()),
        }),
        admin: Some(AdminSection { socket: Some("admin.sock".into()), url: None, token_file: None }),
    }
}

/// Where to reach an address: one that listens everywhere is reached on this machine.
pub(crate) fn url(scheme: &str, address: Option<SocketAddr>) -> String {
    match address {
        Some(address) if address.ip().is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
        Some(address) => format!("{scheme}://{address}"),
        None => "none".to_owned(),
    }
}

fn file(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}
