//! Twenty thousand inputs and more that a seeded generator draws from the model's own constraints:
//! each breaks one of them (a member too long, too short, out of range, missing, of another type,
//! not of its pattern or enum, a list too long), and each must be refused for that. The rest of
//! the input is drawn at random, too. Nothing may be answered that blames the server.

use serde_json::{Map, Value, json};

use crate::world::{Draft, World};

/// Broken inputs for each service.
const INPUTS: [(&str, usize); 2] = [("ecr", 20_000), ("ecr_public", 5_000)];
/// Longer values than this are broken by other means: a body has a limit of its own.
const LONG: u64 = 100_000;

/// A good text for each pattern.
const SAMPLES: &[(&str, &str)] = &[
    (
        "CredentialArn",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/x",
    ),
    ("ImageTagMutabilityExclusionFilterValue", "dev-*"),
    ("KmsKeyForRepositoryCreationTemplate", "arn:aws:kms:eu-west-1:111122223333:key/abc-1"),
    ("LayerDigest", "sha256:00ff"),
    ("Prefix", "team/app/"),
    ("PrincipalArn", "arn:aws:iam::111122223333:role/path/Reader"),
    ("PullThroughCacheRuleRepositoryPrefix", "ROOT"),
    ("Region", "eu-west-1"),
    ("RegistryId", "111122223333"),
    ("RegistryIdOrAlias", "111122223333"),
    ("ReplicationBackfillId", "6c3a2b10-0000-4000-8000-0123456789ab"),
    ("RepositoryFilterValue", "team/"),
    ("RepositoryName", "team/app"),
    ("ScanningRepositoryFilterValue", "team/*"),
    ("SigningProfileArn", "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/releases"),
    ("SigningRepositoryFilterValue", "team/*"),
    ("UploadId", "6c3a2b10-0000-4000-8000-0123456789ab"),
];

/// Texts that mean something to some rule behind the model.
const TELLING: [&str; 12] = [
    "v1",
    "sha256:",
    "{}",
    "*",
    "ROOT",
    "\u{0}",
    "AWS_NATIVE",
    "registry-1.docker.io",
    "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
    "{\"rules\":[{\"rulePriority\":1}]}",
    "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
    "\u{1f980}\u{301}",
];

/// A sequence of numbers that is the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The facts of a service.
struct Model(Value);

impl Model {
    fn of(service: &str) -> Self {
        let file = format!("{}/../../models/{service}.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
    }

    fn shape(&self, name: &Value) -> &Value {
        self.0["shapes"].as_array().unwrap().iter().find(|shape| shape["name"] == *name).unwrap()
    }

    fn operations(&self) -> &[Value] {
        self.0["operations"].as_array().unwrap()
    }

    /// A value of the shape that the model allows, with each optional member there or not.
    fn good(&self, dice: &mut Dice, name: &Value) -> Value {
        let shape = self.shape(name);
        match shape["type"].as_str().unwrap() {
            "structure" => {
                let mut value = Map::new();
                for member in shape["members"].as_array().into_iter().flatten() {
                    if member["required"] == true || dice.below(2) == 0 {
                        let member_name = member["name"].as_str().unwrap().to_owned();
                        value.insert(member_name, self.good(dice, &member["shape"]));
                    }
                }
                Value::Object(value)
            }
            "list" => {
                let least = shape["min"].as_u64().unwrap_or(0).max(1);
                (0..least).map(|_| self.good(dice, &shape["member"])).collect()
            }
            "map" => json!({}),
            "string" => good_text(dice, shape),
            "integer" | "long" => json!(shape["min"].as_i64().unwrap_or(0) + dice.below(3) as i64),
            "boolean" => json!(dice.below(2) == 0),
            "blob" => json!("aGk="),
            other => panic!("no value of {other}"),
        }
    }

    /// The places of a good value that can be broken: pointers to them and their shapes.
    fn places(&self, name: &Value, value: &Value, pointer: String, found: &mut Vec<Place>) {
        let shape = self.shape(name);
        match value {
            Value::Object(_) => {
                for member in shape["members"].as_array().into_iter().flatten() {
                    let path = format!("{pointer}/{}", member["name"].as_str().unwrap());
                    let required = member["required"] == true;
                    if let Some(inner) = value.get(member["name"].as_str().unwrap()) {
                        let shape = member["shape"].clone();
                        found.push(Place { pointer: path.clone(), shape, required });
                        self.places(&member["shape"], inner, path, found);
                    }
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    let path = format!("{pointer}/{index}");
                    let shape = shape["member"].clone();
                    found.push(Place { pointer: path.clone(), shape, required: false });
                    self.places(&self.shape(name)["member"], element, path, found);
                }
            }
            _ => {}
        }
    }

    /// All the ways to break a value of this shape; `None` stands for leaving it out.
    fn breakages(&self, place: &Place, value: &Value) -> Vec<Option<Value>> {
        let shape = self.shape(&place.shape);
        let (min, max) = (shape["min"].as_u64(), shape["max"].as_u64().filter(|max| *max < LONG));
        let mut broken = vec![Some(json!({ "unexpected": [1] }))];
        if place.required {
            broken.push(None);
            broken.push(Some(Value::Null));
        }
        match shape["type"].as_str().unwrap() {
            "string" => {
                broken.push(Some(json!(17)));
                if shape["enum"].is_array() {
                    broken.push(Some(json!("NO_SUCH_VALUE")));
                    broken.push(Some(json!("")));
                } else {
                    broken.extend(max.map(|max| Some(json!("a".repeat(max as usize + 1)))));
                    let short = min.filter(|min| *min > 0);
                    broken.extend(short.map(|min| Some(json!("a".repeat(min as usize - 1)))));
                    if shape["pattern"].is_string() {
                        broken.push(Some(json!("\u{7}no pattern has this\n")));
                    }
                }
            }
            "integer" | "long" => {
                broken.push(Some(json!("7")));
                broken.extend(shape["min"].as_i64().map(|min| Some(json!(min - 1))));
                broken.extend(shape["max"].as_i64().map(|max| Some(json!(max + 1))));
            }
            "list" => {
                broken.push(Some(json!("text")));
                broken.extend(min.filter(|min| *min > 0).map(|_| Some(json!([]))));
                if let (Some(max), Some(first)) = (max, value.get(0)) {
                    broken.push(Some(json!(vec![first; max as usize + 1])));
                }
            }
            "structure" => broken[0] = Some(json!("text")),
            "boolean" => broken.push(Some(json!("true"))),
            "blob" => broken.push(Some(json!("not base64!"))),
            _ => {}
        }
        broken
    }
}

fn good_text(dice: &mut Dice, shape: &Value) -> Value {
    if let Some(values) = shape["enum"].as_array() {
        return dice.pick(values).clone();
    }
    if let Some((_, text)) = SAMPLES.iter().find(|(name, _)| shape["name"] == *name) {
        return json!(text);
    }
    let (min, max) = (shape["min"].as_u64().unwrap_or(0), shape["max"].as_u64());
    let text = *dice.pick(&TELLING);
    let length = text.chars().count() as u64;
    let fits = length >= min && max.is_none_or(|max| length <= max) && shape["pattern"].is_null();
    if fits { json!(text) } else { json!("a".repeat(min.max(2) as usize)) }
}

/// A value within an input, its shape, and whether its parent must have it.
struct Place {
    pointer: String,
    shape: Value,
    required: bool,
}

/// Takes a value out of an input, or puts another in its place.
fn break_at(input: &mut Value, pointer: &str, broken: Option<Value>) {
    match broken {
        Some(value) => *input.pointer_mut(pointer).unwrap() = value,
        None => {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            input.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
        }
    }
}

/// An operation, an input of it, and whether the model forbids that input.
fn draw(model: &Model, dice: &mut Dice) -> (String, Vec<String>, Value, bool) {
    let operation = dice.pick(model.operations()).clone();
    let errors = operation["errors"].as_array().unwrap();
    let errors = errors.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    let mut input = model.good(dice, &operation["input"]);
    let mut places = Vec::new();
    model.places(&operation["input"], &input, String::new(), &mut places);
    let name = operation["name"].as_str().unwrap().to_owned();
    // One in ten is left whole: what the model allows, the rules behind it must cope with.
    let Some(place) = places.get(dice.below(places.len() + 1)).filter(|_| dice.below(10) > 0)
    else {
        return (name, errors, input, false);
    };
    let ways = model.breakages(place, input.pointer(&place.pointer).unwrap());
    let way = dice.pick(&ways).clone();
    break_at(&mut input, &place.pointer, way);
    (name, errors, input, true)
}

fn request<'a>(world: &'a World, service: &str, operation: &str, input: &Value) -> Draft<'a> {
    match service {
        "ecr" => world.ecr(operation, input.to_string()),
        _ => world.ecr_public(operation, input.to_string()),
    }
}

#[tokio::test]
async fn every_broken_input_is_refused_and_none_breaks_the_server() {
    let world = World::public().await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "1", Some("v1")).await;
    for (service, count) in INPUTS {
        let (model, mut dice) = (Model::of(service), Dice(2026));
        let mut refused = 0;
        while refused < count {
            let (operation, errors, input, is_broken) = draw(&model, &mut dice);
            let draft = request(&world, service, &operation, &input);
            let reply = world.send(draft.sign(&world.root)).await;
            let status = reply.status.as_u16();
            let told = || format!("{service} {operation} {input}: {status} {}", reply.text());
            assert!(status == 200 || status == 400, "{}", told());
            let answer = reply.json();
            let code = answer["__type"].as_str().unwrap_or_default();
            if is_broken {
                let by_model = ["InvalidParameterException", "SerializationException"];
                assert!(status == 400 && by_model.contains(&code), "{}", told());
                refused += 1;
            } else if status == 400 {
                assert!(errors.iter().any(|known| known == code), "{}", told());
            }
        }
    }
}
