//! Scenarios without selects, idle waits, waits that give up, and queues.

use serde_json::Value;

/// The scenario with something plain in the place of each of these: any branch for the one that can go
/// on, a wait without end for one that may be ended, no queue.
pub(crate) fn made_plain(mut scenario: Value) -> Value {
    let no_queues = |locks: &mut Value| {
        for lock in locks
            .as_object_mut()
            .into_iter()
            .flat_map(|locks| locks.values_mut())
        {
            lock.as_object_mut().map(|lock| lock.remove("fair"));
        }
    };
    no_queues(&mut scenario["locks"]);
    for task in scenario["tasks"].as_array_mut().into_iter().flatten() {
        no_queues(&mut task["locks"]);
        let program = task["program"].take();
        task["program"] = block(program);
    }
    scenario
}

fn block(operations: Value) -> Value {
    let Value::Array(operations) = operations else {
        return operations;
    };
    operations.into_iter().flat_map(operation).collect()
}

fn operation(mut operation: Value) -> Vec<Value> {
    let Some(fields) = operation.as_object_mut() else {
        return vec![operation];
    };
    fields.remove("idle");
    let gave_up = fields.remove("gives_up").is_some();
    if let Some(branches) = fields.remove("select") {
        fields.insert("choose".to_owned(), branches);
    }
    if let Some(Value::Array(branches)) = fields.get_mut("choose") {
        for branch in branches {
            *branch = block(branch.take());
        }
    }
    for inner in ["do", "loop", "then", "else"] {
        if let Some(inner) = fields.get_mut(inner) {
            *inner = block(inner.take());
        }
    }
    // What follows where the wait has ended well.
    let then = if gave_up { fields.remove("then") } else { None };
    if gave_up {
        fields.remove("else");
    }
    let then = then.and_then(|then| then.as_array().cloned());
    [operation]
        .into_iter()
        .chain(then.into_iter().flatten())
        .collect()
}
