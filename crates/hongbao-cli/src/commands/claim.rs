//! `hongbao claim`: a person opens a packet, as the app would let him.

use std::process::ExitCode;

use crate::args::ClaimArgs;
use crate::error::Result;
use crate::output::{Output, say};
use crate::people_client;
use crate::profile::{Profile, named};

pub(crate) async fn run(args: ClaimArgs, output: Output) -> Result<ExitCode> {
    let path = &args.profile.profile;
    let app = Profile::read(path)?.app(path)?;
    let openid = named(args.openid, app.person.as_ref(), "--as")?;
    let share = people_client::claim(&app, &openid, &args.packet, args.link.as_deref()).await?;
    output.result(&share, || {
        say!("opened      {}", args.packet);
        say!("amount      {} fen", share["amount_fen"]);
        say!("claimed_at  {}", share["claimed_at"].as_str().unwrap_or_default());
        if let Some(link) = share["link"].as_str() {
            say!("link        {link}");
        }
        if share["is_replay"] == true {
            say!("            it had been opened before; this is the same share");
        }
    });
    Ok(ExitCode::SUCCESS)
}
