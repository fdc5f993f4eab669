import { controllerKinds } from "../../../search/controller/controller.ts";
import { testController } from "../controller.contract.ts";

for (const kind of controllerKinds) testController(kind);
