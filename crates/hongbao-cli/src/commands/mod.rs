//! What does each command do? One file per command.

mod app;
mod audit;
mod claim;
mod completions;
mod demo;
mod dev;
mod doctor;
mod endpoints;
mod lottery;
mod merchant;
mod migrate_store;
mod query;
mod sandbox;
mod send;
mod serve;
mod show;
mod sign;
mod topup;
mod verify;
mod verify_draw;

use std::process::ExitCode;

use crate::admin_client::AdminClient;
use crate::args::{
    AppCommand, Command, CredentialCommand, LotteryCommand, MerchantCommand, ProfileArgs, SandboxCommand,
};
use crate::error::{Failure, Result};
use crate::output::Output;
use crate::profile::Profile;

pub(crate) async fn run(command: Command, output: Output) -> Result<ExitCode> {
    match command {
        Command::Demo => demo::run(output).await,
        Command::Dev(args) => dev::run(args, output).await,
        Command::Serve(args) => serve::run(args, output).await,
        Command::Send(args) => send::run(args, output).await,
        Command::Query(args) => query::run(args, output).await,
        Command::Claim(args) => claim::run(args, output).await,
        Command::VerifyDraw(args) => verify_draw::run(args, output).await,
        Command::Sign(args) => sign::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Endpoints(args) => Ok(endpoints::run(&args, output)),
        Command::Doctor(args) => doctor::run(&args, output).await,
        Command::Merchant(MerchantCommand::Add(args)) => merchant::add(*args, output).await,
        Command::Merchant(MerchantCommand::Set(args)) => merchant::set(&args, output).await,
        Command::Merchant(MerchantCommand::Show(args)) => merchant::show_one(&args, output).await,
        Command::App(AppCommand::Add(args)) => app::add(args, output).await,
        Command::App(AppCommand::Set(args)) => app::set(&args, output).await,
        Command::App(AppCommand::Show(args)) => app::show_one(&args, output).await,
        Command::App(AppCommand::Person(args)) => app::person(&args, output).await,
        Command::App(AppCommand::Credential(CredentialCommand::Add(args))) => app::add_credential(&args, output).await,
        Command::App(AppCommand::Credential(CredentialCommand::Revoke(args))) => {
            app::revoke_credential(&args, output).await
        }
        Command::Lottery(LotteryCommand::Show(args)) => lottery::show_one(&args, output).await,
        Command::Lottery(LotteryCommand::Set(args)) => lottery::set(&args, output).await,
        Command::Lottery(LotteryCommand::Winners(args)) => lottery::winners(&args, output).await,
        Command::Topup(args) => topup::run(args, output).await,
        Command::Sandbox(SandboxCommand::Clock(args)) => sandbox::clock(args, output).await,
        Command::Audit(args) => audit::run(args, output).await,
        Command::MigrateStore(args) => migrate_store::run(&args, output).await,
        Command::Completions(args) => completions::run(&args, output),
    }
}

/// For commands whose output is for people, or for a program that wants no JSON.
fn refuse_json(output: Output, what: &str) -> Result<()> {
    if output.is_json { Err(Failure::new(format!("{what} has no JSON")).hint("leave --json out")) } else { Ok(()) }
}

fn admin(args: &ProfileArgs) -> Result<AdminClient> {
    AdminClient::new(&Profile::read(&args.profile)?.admin(&args.profile)?)
}
