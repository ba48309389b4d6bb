//! Does a certificate hold? Those about scenarios are judged by [`kmapcheck_verify`], those about
//! rules by [`verify_rule`].

use std::path::{Path, PathBuf};

use kmapcheck_prove::rule::{self, RuleCertificate, verify_rule};
use kmapcheck_report::{Verdict, escape};
use kmapcheck_scenario::{Overrides, load_model_program_named};
use kmapcheck_verify::{Certificate, verify};

use crate::failure::Failure;
use crate::loaded::{any, text_of};
use crate::run::{READING, Run};

/// What the formats of certificates about scenarios begin with, whichever version wrote them.
const FORMATS: &str = "kmapcheck-certificate-";

/// What holds, or what is wrong with the certificate, in words.
type Judged = Result<String, String>;

/// A certificate as it is read.
enum Read {
    Scenario(Certificate),
    Rule(RuleCertificate),
    /// One that another version wrote: in which format.
    OfFormat(String),
}

/// Judges a certificate, and tells it in lines. Violated: it does not hold. `about`: the scenario, or
/// the model, that it is about, if that is not where it says.
///
/// # Errors
///
/// If the file is no certificate, or what it is about cannot be read.
pub fn judge(file: &Path, about: Option<&Path>, run: &Run) -> Result<(String, Verdict), Failure> {
    Ok(match judged(file, about, run)? {
        Ok(said) => {
            let said = escape::lines(&said);
            (format!("The certificate holds: {said}\n"), Verdict::Clean)
        }
        Err(wrong) => {
            let wrong = escape::line(&wrong);
            let said = format!("The certificate does not hold: {wrong}.\n");
            (said, Verdict::Violated)
        }
    })
}

fn judged(file: &Path, about: Option<&Path>, run: &Run) -> Result<Judged, Failure> {
    const CHECKING: &str = "checking the certificate";
    let read = run.phase(READING, || {
        let value: serde_json::Value = serde_json::from_str(&text_of(file)?).unwrap_or_default();
        match value["format"].as_str() {
            Some(kmapcheck_verify::FORMAT) => Ok(serde_json::from_value(value).map(Read::Scenario)),
            Some(rule::certificate::FORMAT) => Ok(serde_json::from_value(value).map(Read::Rule)),
            // The rest of it may be anything.
            Some(format) if format.starts_with(FORMATS) => Ok(Ok(Read::OfFormat(format.into()))),
            _ => Err(Failure::Refused(
                "it is no certificate: `check --certificate FILE` and `rule --certificate FILE` \
                 write them"
                    .to_owned(),
            )),
        }
    });
    match read? {
        Err(error) => Ok(Err(format!("it is not as it was written: {error}"))),
        Ok(Read::Scenario(certificate)) => {
            run.phase(CHECKING, || of_scenario(&certificate, file, about))
        }
        Ok(Read::Rule(certificate)) => run.phase(CHECKING, || of_rule(&certificate, file, about)),
        Ok(Read::OfFormat(format)) => Ok(Err(format!(
            "its format is `{format}`, not `{}`: make it again with `kmapcheck check --certificate`",
            kmapcheck_verify::FORMAT
        ))),
    }
}

fn of_scenario(
    certificate: &Certificate,
    file: &Path,
    about: Option<&Path>,
) -> Result<Judged, Failure> {
    let overrides = Overrides {
        model: certificate.model.clone(),
        ..Overrides::default()
    };
    let program = any(&place(file, about, &certificate.scenario)?, &overrides)?.program;
    Ok(verify(certificate, &program).map(|()| {
        let kinds: Vec<&str> = (certificate.excluded.iter())
            .flat_map(|excluded| excluded.kinds.iter().map(String::as_str))
            .collect();
        format!(
            "for {}, {} has no {}.",
            kmapcheck_prove::words::claim(&program),
            program.title(),
            kinds.join(", no ")
        )
    }))
}

fn of_rule(
    certificate: &RuleCertificate,
    file: &Path,
    about: Option<&Path>,
) -> Result<Judged, Failure> {
    let model = match (&certificate.read_from, about) {
        (None, None) => certificate.model.clone(),
        (stated, _) => {
            let stated = stated.as_deref().unwrap_or_default();
            place(file, about, stated)?.display().to_string()
        }
    };
    // A name is looked up from here; failing that, from where the certificate lies.
    let program = load_model_program_named(&model, Path::new("certificate.json"))
        .or_else(|wrong| load_model_program_named(&model, file).map_err(|_| wrong))?;
    Ok(verify_rule(certificate, &program).map(|()| certificate.claim()))
}

/// The file that a certificate is about: as seen from here, or from the certificate. A scenario is
/// named as the prover was given it, a model as it is seen from the certificate; either way both are
/// tried, for files are moved.
fn place(file: &Path, about: Option<&Path>, stated: &str) -> Result<PathBuf, Failure> {
    if let Some(about) = about {
        return Ok(about.to_owned());
    }
    let beside = file.parent().map(|folder| folder.join(stated));
    let places: Vec<PathBuf> = beside.into_iter().chain([stated.into()]).collect();
    if let Some(place) = places.iter().find(|place| place.is_file()) {
        return Ok(place.clone());
    }
    let mut named: Vec<String> = places.iter().map(|place| escape::path(place)).collect();
    named.dedup();
    Err(Failure::Refused(format!(
        "it is about {}, and there is no such file: looked for {}",
        escape::line(stated),
        named.join(" and ")
    )))
}
